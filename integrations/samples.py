"""What an event of a metric looks like before there is one: a sample, and the JSON Schema of its properties.

Both come of the catalogue's declaration alone, so that they cannot say anything else than what is sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.catalog import Metric, Property
from integrations.models import Merchant

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: dict[str, dict[str, Any]] = {
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
}
"""Types of the catalogue that JSON does not have by that name."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A plausible event. `value` is an amount in major units of `value_currency` (ISO 4217), None where the metric has none.

    `profile` are the names of the profile properties that come with it.
    """

    metric_name: str
    unique_id: str
    properties: dict[str, Any]
    value: Decimal | None = None
    value_currency: str = ""
    profile: tuple[str, ...] = ()

    def as_json(self) -> str:
        """For people: what of it a flow at the destination can use."""
        shown: dict[str, Any] = {"metric": self.metric_name, "unique_id": self.unique_id}
        if self.value is not None:
            shown |= {"value": float(self.value), "value_currency": self.value_currency}
        shown["properties"] = self.properties
        if self.profile:
            shown["profile_properties"] = self.profile
        return json.dumps(shown, indent=2, ensure_ascii=False)


def sample(metric: Metric[Any], merchant: Merchant) -> Sample:
    """An event of `metric` as that merchant's account might get it."""
    examples = {each.name: each.example for each in metric.properties} | dict(metric.examples)
    return Sample(
        metric_name=metric.name_for(merchant),
        unique_id=metric.unique_id_example,
        properties={name: example for name, example in examples.items() if example is not None},
        value=metric.value_example,
        value_currency=merchant.currency if metric.value_example is not None else "",
        profile=tuple(each.name_for(merchant) for each in metric.profile),
    )


def schema(metric: Metric[Any]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a metric's properties. It is open: properties may be added, none is taken away."""
    return {
        "$schema": DIALECT,
        "title": metric.name,
        "description": metric.doc,
        "type": "object",
        "properties": {each.name: _of_property(each) for each in metric.properties},
        "required": [each.name for each in metric.properties if each.is_always_sent],
        "additionalProperties": True,
    }


def _of_property(declared: Property[Any]) -> dict[str, Any]:
    shape = _TYPES.get(declared.type) or {**_of_example(declared.example), "type": declared.type}
    chosen = {"enum": list(declared.choices)} if declared.choices else {}
    return {**shape, **chosen, "description": declared.doc, "examples": [declared.example]}


def _of_example(value: Any) -> dict[str, Any]:
    """The schema that a value implies: what is in its lists and objects has the types that are in the example."""
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case []:
            return {"type": "array"}
        case list():
            return {"type": "array", "items": _of_example(value[0])}
        case dict():
            return {"type": "object", "properties": {name: _of_example(each) for name, each in value.items()}}
        case _:
            return {"type": "string"}
