"""The extensions of a shop's app, as Shopify's CLI deploys them: a trigger for each metric, and the actions. Pure.

Source: Shopify's references of triggers and actions, and its CLI's checks of `shopify.extension.toml`. A trigger's fields are
those of its payload (`payloads`): one that is not declared cannot be used in a workflow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from integrations.catalog import Metric
from integrations.destinations.shopify_flow import payloads
from integrations.workflow_actions import Action

if TYPE_CHECKING:
    from integrations.models import Merchant

FILE = "shopify.extension.toml"

_TEXT, _NUMBER = "single_line_text_field", "number_decimal"
_TYPES = {"integer": _NUMBER, "number": _NUMBER, "boolean": "boolean"}
"""Types of the catalogue that are none of Flow's texts."""

_IDENTITY = {
    "Email": "The shopper's e-mail address, where that is how they are known.",
    "Phone": "The shopper's phone number, where that is how they are known.",
    "Event": "The name of the metric.",
    "UniqueId": "The identity of the event: a repeat has the same.",
    "OccurredAt": "When it happened, UTC.",
}
_AMOUNT = {"Value": (_NUMBER, "The amount."), "ValueCurrency": (_TEXT, "Its currency, ISO 4217.")}
_LEFT_OUT = "Properties that were left out, where there were too many for Shopify."
_PUNCTUATION = re.compile(r"[^\w\s]")


def trigger(metric: Metric[Any], merchant: Merchant, *, uid: str = "") -> str:
    """Return the file of a metric's trigger. `uid` is what Shopify's CLI wrote into the one before."""
    head = {
        "name": _PUNCTUATION.sub("", metric.name_for(merchant)),
        "type": "flow_trigger",
        "handle": payloads.handle(metric.key),
        "description": metric.doc,
    }
    return _written(head, uid, [{"type": "customer_reference"}, *_fields(metric)])


def action(declared: Action, address: str, *, uid: str = "") -> str:
    """Return the file of an action whose runs are posted to `address`."""
    head = {
        "name": declared.name,
        "type": "flow_action",
        "handle": declared.handle,
        "description": declared.doc,
        "runtime_url": address,
    }
    fields: list[dict[str, Any]] = [{"type": "customer_reference", "required": True}]
    for each in declared.fields:
        about = {"key": each.key, "name": each.name, "description": each.doc}
        fields.append({"type": each.type, **about, "required": each.is_required})
    return _written(head, uid, fields)


def _fields(metric: Metric[Any]) -> Iterator[dict[str, Any]]:
    """What stands in every payload comes first; a property by the name of one of these is not sent."""
    known: dict[str, tuple[str, str]] = {name: (_TEXT, doc) for name, doc in _IDENTITY.items()}
    for each in metric.properties:
        known.setdefault(payloads.key(each.name), (_TYPES.get(each.type, _TEXT), each.doc))
    if metric.value_example is not None:
        known |= _AMOUNT
    known["LeftOut"] = (_TEXT, _LEFT_OUT)
    for name, (kind, doc) in known.items():
        yield {"type": kind, "key": name, "description": doc}


def _written(head: Mapping[str, Any], uid: str, fields: list[dict[str, Any]]) -> str:
    """Return TOML, in which a basic string is as JSON's."""
    about = {**head, "uid": uid} if uid else head
    parts = [_table("[[extensions]]", about), "[settings]", *(_table("[[settings.fields]]", each) for each in fields)]
    return "\n\n".join(parts) + "\n"


def _table(name: str, values: Mapping[str, Any]) -> str:
    return "\n".join([name, *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())])
