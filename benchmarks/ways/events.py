"""The backlog as the other ways read it: plain SQL on the product's tables, and Klaviyo's documents made of it."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

COLUMNS = """
    d.id, d.identifier, e.metric_name, e.unique_id, e.occurred_at, e.value, e.value_currency,
    e.properties::text AS properties, c.first_name, c.last_name
"""


def connect(url: str) -> psycopg.Connection[DictRow]:
    """A connection that gives rows as dicts."""
    return psycopg.connect(url, row_factory=dict_row)


def waiting(url: str, share: int, of: int) -> list[DictRow]:
    """The backlog's `share`-th part of `of`, in the order of its arrival."""
    with connect(url) as connection:
        return connection.execute(
            f"SELECT {COLUMNS} FROM integrations_delivery d JOIN integrations_event e ON e.id = d.event_id"
            " LEFT JOIN integrations_customer c ON c.id = e.customer_id"
            " WHERE d.state = 'pending' AND d.id %% %s = %s ORDER BY d.not_before, d.id",
            [of, share],
        ).fetchall()


def profile(row: DictRow) -> dict[str, Any]:
    """The shopper."""
    attributes = {"email": row["identifier"], "first_name": row["first_name"], "last_name": row["last_name"]}
    return {"data": {"type": "profile", "attributes": attributes}}


def attributes(row: DictRow, properties: Any) -> dict[str, Any]:
    """The event without its shopper."""
    return {
        "metric": {"data": {"type": "metric", "attributes": {"name": row["metric_name"]}}},
        "time": row["occurred_at"].isoformat(),
        "unique_id": row["unique_id"],
        "properties": properties,
    }


def single(row: DictRow, properties: Any) -> dict[str, Any]:
    """The document of one event."""
    return {"data": {"type": "event", "attributes": attributes(row, properties) | {"profile": profile(row)}}}
