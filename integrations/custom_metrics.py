"""Custom metrics: kinds of events that a merchant declares itself, beside those of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.catalog import CUSTOM, Metric, Pack, catalog, custom_metric, is_known, reported
from integrations.destinations import registry
from integrations.models import Connection, CustomMetric, Merchant

MOST = 100
"""Metrics of one merchant."""

LONGEST = 100_000
"""Bytes of an event's properties as JSON: Klaviyo refuses a longer text."""


def _is_instant(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


TYPES: dict[str, tuple[str, Callable[[Any], bool], Any]] = {
    "string": ("a text", lambda value: isinstance(value, str), "text"),
    "number": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool), 1),
    "boolean": ("true or false", lambda value: isinstance(value, bool), True),
    "datetime": ("an instant with its zone, as 2026-11-20T10:00:00Z", _is_instant, "2026-11-20T10:00:00Z"),
    "array": ("a list", lambda value: isinstance(value, list), []),
    "object": ("an object", lambda value: isinstance(value, dict), {}),
}
"""Type of a property -> what it is in words, whether a value is one, and an example."""


class NotPossible(ValueError):
    """A metric cannot be declared like that. The text says why."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A metric as it is to be; its fields are those of `CustomMetric`."""

    key: str
    name: str
    description: str
    properties: Sequence[Mapping[str, Any]]


def declare(merchant: Merchant, said: Declaration, *, by: Actor, at: datetime) -> tuple[CustomMetric, bool]:
    """Declare a metric and turn it on, or change what a declared one says: (the metric, whether it is new).

    Its name stays, because flows are built on it. Raises `NotPossible`.
    """
    with transaction.atomic():
        # One at a time for each merchant, so that no two take one name.
        Merchant.objects.filter(pk=merchant.pk).select_for_update().get()
        row = CustomMetric.objects.for_merchant(merchant).filter(key=said.key).first()
        is_new = row is None
        if row is None:
            row = CustomMetric(merchant=merchant, key=said.key, name=said.name, created_at=at)
            _refuse_taken(merchant, said.name)
        if row.name != said.name:
            raise NotPossible(f"{row.key} is called “{row.name}”, and a metric keeps its name")
        row.description, row.properties = said.description, [dict(each) for each in said.properties]
        row.save()
        if is_new:
            _turn_on(merchant, row)
        audit.note(
            merchant, by, "declared a metric" if is_new else "changed a metric", [f"{row.name} ({row.key})"], at=at
        )
    return row, is_new


def own(merchant: Merchant | int) -> list[Metric[Any]]:
    """The custom metrics of a merchant (or of the one with that primary key), by key."""
    return [as_metric(row) for row in CustomMetric.objects.for_merchant(merchant).order_by("key")]


def of(merchant: Merchant) -> dict[str, Metric[Any]]:
    """Every metric that there is for the merchant by its key: the catalogue's by number, then the custom ones."""
    return {metric.key: metric for metric in [*catalog.in_order(), *own(merchant)]}


def by_pack(merchant: Merchant) -> list[tuple[Pack, list[Metric[Any]]]]:
    """The same by packs: (pack, its metrics). That of the custom ones is there where there are some."""
    custom = own(merchant)
    packs = [(pack, catalog.in_pack(pack.key)) for pack in catalog.packs()]
    return [*packs, *([(CUSTOM, custom)] if custom else [])]


def carried_by(kind: str, merchant: Merchant) -> list[tuple[Pack, list[Metric[Any]]]]:
    """Those of them that a kind of destination can tell of, by packs."""
    carries = registry.get(kind).carries
    told = [(pack, [each for each in metrics if carries(each)]) for pack, metrics in by_pack(merchant)]
    return [(pack, metrics) for pack, metrics in told if metrics]


def keys_in(merchant: Merchant, pack: str) -> list[str]:
    """The keys of the metrics of one pack, the merchant's own among them. Raises `LookupError` for an unknown pack."""
    return [metric.key for metric in (own(merchant) if pack == CUSTOM.key else catalog.in_pack(pack))]


def find(merchant: Merchant, key: str) -> CustomMetric | None:
    """The merchant's custom metric with that key."""
    found: CustomMetric | None = CustomMetric.objects.for_merchant(merchant).filter(key=key).first()
    return found


def as_metric(row: CustomMetric) -> Metric[Any]:
    """The declaration as history and the pages know metrics."""
    properties = [
        reported(
            each["name"],
            each["type"],
            each["description"],
            example=TYPES[each["type"]][2],
            is_always_sent=each["is_required"],
        )
        for each in row.properties
    ]
    return custom_metric(row.key, row.name, row.description, properties)


def objections(row: CustomMetric, properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with an event's properties: (the property's name, or "" for all of them, what would be right)."""
    declared = {each["name"]: each for each in row.properties}
    for name in properties.keys() - declared.keys():
        yield name, f"is not declared; declared are {', '.join(declared) or 'none'}"
    for name, each in declared.items():
        words, fits, _ = TYPES[each["type"]]
        value = properties.get(name)
        if each["is_required"] and not is_known(value):
            yield name, "must be there"
        elif value is not None and not fits(value):
            yield name, f"must be {words}"
    if len(orjson.dumps(properties)) > LONGEST:
        yield "", f"must be at most {LONGEST:,} bytes of JSON"


def _refuse_taken(merchant: Merchant, name: str) -> None:
    mine = of(merchant)
    if any(metric.name_for(merchant).casefold() == name.casefold() for metric in mine.values()):
        raise NotPossible(f"there is a metric called “{name}” already")
    if len(mine) - len(catalog.metrics) >= MOST:
        raise NotPossible(f"a merchant may have {MOST} custom metrics")


def _turn_on(merchant: Merchant, row: CustomMetric) -> None:
    """On at every connection that can tell of it."""
    metric = as_metric(row)
    for connection in Connection.objects.for_merchant(merchant).select_for_update():
        if registry.get(connection.kind).carries(metric):
            connection.enabled_metrics = [*connection.enabled_metrics, row.key]
            connection.save(update_fields=["enabled_metrics"])
