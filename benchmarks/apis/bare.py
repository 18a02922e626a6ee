"""Bare WSGI applications: one statement by psycopg, and JSON. No framework, no token, no limit of requests, no way back.

`application` takes the columns and renders them by orjson; `written_by_database` lets PostgreSQL write the JSON of each event.
Both splice `properties` in unparsed, prepare their statements, and keep a connection for each thread.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import orjson
import psycopg

COLUMNS = (
    *("id", "metric", "metric_name", "occurred_at", "recorded_at", "customer_id", "order_number", "tracking_number"),
    *("unique_id", "value", "value_currency"),
)
AS_COLUMNS = f"SELECT {', '.join(COLUMNS)}, properties::text FROM integrations_event WHERE "
AS_JSON = (
    "SELECT id, occurred_at, json_build_object("
    + ", ".join(f"'{name}', {name}" for name in (*COLUMNS, "properties"))
    + ")::text FROM integrations_event WHERE "
)
CONDITIONS = {
    "merchant": "merchant_id = %(merchant)s",
    "metric": "metric = %(metric)s",
    "after": "occurred_at >= %(after)s",
    "before": "occurred_at < %(before)s",
    "at": "(occurred_at, id) < (%(at)s, %(id)s)",
    "key": "id > %(key)s",
}
_kept = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The page, rendered here."""
    asked = dict(parse_qsl(environ["QUERY_STRING"]))
    rows = _rows(AS_COLUMNS, asked)
    items = [dict(zip((*COLUMNS, "properties"), (*row[:-1], orjson.Fragment(row[-1])), strict=True)) for row in rows]
    for item in items:
        item["id"], item["customer_id"] = str(item["id"]), str(item["customer_id"])
    page = {"items": items, "next": _next(asked, [(row[3], row[0]) for row in rows[-1:]])}
    return _answer(start_response, orjson.dumps(page, default=_plain, option=orjson.OPT_UTC_Z))


def written_by_database(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The page, put together of what the database wrote."""
    asked = dict(parse_qsl(environ["QUERY_STRING"]))
    rows = _rows(AS_JSON, asked)
    items, place = ",".join(row[2] for row in rows), _next(asked, [(row[1], row[0]) for row in rows[-1:]])
    return _answer(start_response, f'{{"items":[{items}],"next":"{place}"}}'.encode())


def _rows(select: str, asked: Mapping[str, str]) -> list[tuple[Any, ...]]:
    where = " AND ".join(sql for name, sql in CONDITIONS.items() if name in asked)
    order = "id" if "key" in asked else "occurred_at DESC, id DESC"
    values = {"limit": 100, **asked}
    sql = f"{select}{where} ORDER BY {order} LIMIT %(limit)s"
    return _connection().execute(sql, values, prepare=True).fetchall()


def _next(asked: Mapping[str, str], last: Sequence[tuple[datetime, int]]) -> str:
    """Where the next page begins: after the last row, if there is any."""
    if not last:
        return asked.get("key", "")
    at, key = last[0]
    return str(key) if "key" in asked else f"{at.astimezone(UTC).isoformat()},{key}"


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def _answer(start_response: Callable[..., Any], body: bytes) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _connection() -> psycopg.Connection[Any]:
    """This thread's own."""
    if not hasattr(_kept, "connection"):
        _kept.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    connection: psycopg.Connection[Any] = _kept.connection
    return connection
