"""Events read at the speed of the database: one statement, and `properties` go into the answer unparsed.

No row becomes an object of a model here. The database hands over columns: its writing of JSON costs more than ours does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection

from integrations import custom_metrics
from integrations.api.cursors import Place
from integrations.customers import normalise_email
from integrations.models import Merchant
from integrations.search import variants
from integrations.statements import planned, prepared

_WAYS_TO_TELL = {
    "postgresql": {
        "id": "e.id::text",
        "occurred_at": "e.occurred_at AT TIME ZONE 'UTC'",
        "recorded_at": "e.recorded_at AT TIME ZONE 'UTC'",
        "customer_id": "e.customer_id::text",
        "value": "trim_scale(e.value)::text",
        "properties": "e.properties::text",
    },
    "sqlite": {
        "id": "CAST(e.id AS text)",
        "customer_id": "CAST(e.customer_id AS text)",
        "value": "CAST(e.value AS text)",
        "properties": "json(e.properties)",
    },
}
"""How a field is written where it is not told as its column is. Instants are UTC without a zone, `properties` a text of JSON."""

FIELDS = (
    "id",
    "metric",
    "metric_name",
    "occurred_at",
    "recorded_at",
    "customer_id",
    "order_number",
    "tracking_number",
    "unique_id",
    "value",
    "value_currency",
    "properties",
)
"""What is told of an event, in this order. Each is a column."""

Row = tuple[datetime, int, dict[str, Any]]
"""An event's time and key, for cursors, and the event as it is told."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of WHERE, and the values of its parameters. No value is ever written into a statement."""

    sql: str
    values: tuple[Any, ...] = ()
    is_decisive: bool = False
    """Whether it depends on the values, and on how many rows the merchant has, by which index rows are found best."""


def page(
    merchant: Merchant,
    wanted: Mapping[str, Any],
    place: Place | None,
    *,
    is_ascending: bool,
    limit: int,
    fields: Sequence[str] = FIELDS,
) -> list[Row]:
    """At most `limit` events by their own time, from `place` on. `wanted` are the values of `CONDITIONS` by name."""
    beyond, direction = (">", "ASC") if is_ascending else ("<", "DESC")
    where = conditions(merchant, wanted)
    if place is not None:
        where.append(Condition(f"(e.occurred_at, e.id) {beyond} (%s, %s)", (place.at, place.key)))
    return _select(merchant, where, fields, f"e.occurred_at {direction}, e.id {direction}", limit)


def recorded(
    merchant: Merchant, wanted: Mapping[str, Any], *, after: int, until: int, limit: int, fields: Sequence[str] = FIELDS
) -> list[Row]:
    """At most `limit` events by the order of their recording: those with keys after `after`, until `until`."""
    where = [*conditions(merchant, wanted), Condition("e.id > %s AND e.id <= %s", (after, until))]
    return _select(merchant, where, fields, "e.id", limit)


def one(merchant: Merchant, key: int, fields: Sequence[str] = FIELDS) -> Row | None:
    """The event with that key."""
    rows = _select(merchant, [Condition("e.id = %s", (key,))], fields, "e.id", 1)
    return rows[0] if rows else None


def place_of(row: Row) -> tuple[datetime, int]:
    """The time and the key of a row, for its cursor."""
    return row[0].replace(tzinfo=UTC), row[1]


def shown(row: Row) -> dict[str, Any]:
    """The event as it goes into an answer."""
    return row[2]


def conditions(merchant: Merchant, wanted: Mapping[str, Any]) -> list[Condition]:
    """What narrows the history down."""
    return [make(merchant, wanted[name]) for name, make in CONDITIONS.items() if wanted.get(name) is not None]


def _among(column: str, values: Sequence[str]) -> Condition:
    if connection.vendor == "postgresql":
        return Condition(f"{column} = ANY(%s)", (list(values),), is_decisive=True)
    return Condition(f"{column} IN ({', '.join(['%s'] * len(values))})", tuple(values))


def _numbered(column: str, number: str) -> Condition:
    """By a number in any of its spellings. The index holds those that are not empty, and must be told so."""
    spelled = _among(column, variants(number))
    return Condition(f"{spelled.sql} AND {column} <> ''", spelled.values)


def _of_email(merchant: Merchant, email: str) -> Condition:
    sql = "(SELECT c.id FROM integrations_customer c WHERE c.merchant_id = %s AND c.email = %s AND c.email <> '')"
    return Condition(f"e.customer_id = {sql}", (merchant.pk, normalise_email(email)))


_EACH = "EXISTS (SELECT 1 FROM integrations_delivery d WHERE d.event_id = e.id AND {state})"
_OF_CONNECTION = (
    "e.id IN (SELECT d.event_id FROM integrations_delivery d JOIN integrations_connection k ON k.id = d.connection_id "
    "WHERE k.merchant_id = %s AND {state})"
)
_OF_MERCHANT = "e.id IN (SELECT d.event_id FROM integrations_delivery d WHERE d.merchant_id = %s AND {state})"
_WITH_DELIVERY = {
    "sent": _EACH,
    "skipped": _OF_MERCHANT,
    "pending": _OF_CONNECTION,
    "sending": _OF_CONNECTION,
    "held": _OF_CONNECTION,
    "dead": _OF_MERCHANT,
    "expired": _OF_MERCHANT,
    "failed": _OF_MERCHANT,
}
"""State -> how events in it are found. Few deliveries are in most states, and an index holds them; nearly all are sent."""

STATES = tuple(_WITH_DELIVERY)


def _in_state(merchant: Merchant, state: str) -> Condition:
    """Indexes hold the deliveries of one state: it stands in the statement, from the table above."""
    is_state = "d.state IN ('dead', 'expired')" if state == "failed" else f"d.state = '{state}'"
    sql = _WITH_DELIVERY[state].format(state=is_state)
    return Condition(sql, (merchant.pk,) * sql.count("%s"), is_decisive=True)


CONDITIONS: dict[str, Callable[[Merchant, Any], Condition]] = {
    "metric": lambda merchant, metric: Condition("e.metric = %s", (metric,)),
    "pack": lambda merchant, pack: _among("e.metric", custom_metrics.keys_in(merchant, pack)),
    "customer_id": lambda merchant, key: Condition("e.customer_id = %s", (key,)),
    "email": _of_email,
    "order_number": lambda merchant, number: _numbered("e.order_number", number),
    "tracking_number": lambda merchant, number: _numbered("e.tracking_number", number),
    "occurred_after": lambda merchant, at: Condition("e.occurred_at >= %s", (at,)),
    "occurred_before": lambda merchant, at: Condition("e.occurred_at < %s", (at,)),
    "recorded_after": lambda merchant, at: Condition("e.recorded_at >= %s", (at,), is_decisive=True),
    "recorded_before": lambda merchant, at: Condition("e.recorded_at < %s", (at,), is_decisive=True),
    "state": _in_state,
}
"""Name of a filter -> what it means."""


def _select(merchant: Merchant, where: Sequence[Condition], fields: Sequence[str], order: str, limit: int) -> list[Row]:
    ways = _WAYS_TO_TELL[connection.vendor]
    columns = ", ".join(ways.get(name, f"e.{name}") for name in ("occurred_at", *fields))
    all_of = " AND ".join(["e.merchant_id = %s", *(f"({each.sql})" for each in where)])
    # Only what stands in this module is written into the statement; every value is a parameter.
    sql = f"SELECT e.id, {columns} FROM integrations_event e WHERE {all_of} ORDER BY {order} LIMIT %s"  # noqa: S608
    execute = planned if any(each.is_decisive for each in where) else prepared
    rows = execute(sql, [merchant.pk, *(value for each in where for value in each.values), limit])
    return [(at, key, _told(fields, values)) for key, at, *values in rows]


def _told(fields: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    event = dict(zip(fields, values, strict=True))
    if "properties" in event:
        event["properties"] = orjson.Fragment(event["properties"])
    return event
