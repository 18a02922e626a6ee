"""Reading columns: hundreds of thousands of rows as one array for each column, which numpy computes with at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Self, TypeAlias

import numpy as np
import psycopg
from django.db import connection
from django.db.models import QuerySet
from numpy.typing import NDArray

Column: TypeAlias = NDArray[np.int64]
"""Numbers, or instants in microseconds since the epoch: neither sums nor comparisons of them err."""

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for an instant that did not come yet: a column has no gaps."""

_INSTANT = psycopg.adapters.types["timestamptz"].oid
_ZERO_OF_POSTGRESQL = (datetime(2000, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND


def read(rows: QuerySet[Any, Any], *, halves: tuple[str, Any] | None = None) -> list[Column]:
    """The columns of a queryset's `values_list`, in its order: one statement. Each is of integers, of booleans (0 and 1) or of
    instants, without NULL.

    PostgreSQL hands over an array as it stores it: a tenth of the time in which it writes rows, and Python reads them. `halves`
    are a field, by which the rows are in order if they are in any, and its value in the middle: two processes of PostgreSQL, if
    it has two to spare, gather one half each.
    """
    if connection.vendor != "postgresql":
        sql, parameters, width = _compiled(rows)
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            found = cursor.fetchall()
        return [_of_values(each) for each in zip(*found, strict=True)] or [np.empty(0, np.int64)] * width
    parts = [rows.filter((f"{halves[0]}__{side}", halves[1])) for side in ("lt", "gte")] if halves else [rows]
    with _binary_cursor() as cursor:
        cursor.execute(*_gathering(parts))
        # In their order: the database would sort them, megabytes each, on its disk.
        found = [[_of_array(each) for each in arrays] for _, *arrays in sorted(cursor, key=itemgetter(0))]
    return [np.concatenate(each) for each in zip(*found, strict=True)]


def _gathering(parts: list[QuerySet[Any, Any]]) -> tuple[str, list[Any]]:
    """The statement that gathers each of some querysets into one row of arrays, and what it is given."""
    statements: list[str] = []
    given: list[Any] = []
    for number, part in enumerate(parts):
        sql, parameters, width = _compiled(part)
        names = [f"column_{each}" for each in range(width)]
        arrays = ", ".join(f"array_send(array_agg({each}))" for each in names)
        statements.append(f"SELECT {number}, {arrays} FROM ({sql}) AS told({', '.join(names)})")  # noqa: S608
        given += parameters
    return " UNION ALL ".join(statements), given


def _compiled(rows: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...], int]:
    """A queryset's statement, what it is given, and how many columns it has."""
    compiler = rows.query.get_compiler(connection=connection)
    sql, parameters = compiler.as_sql()
    return sql, tuple(parameters), len(compiler.select)


def micros(instant: datetime) -> int:
    """An instant as the columns have it."""
    return (instant - EPOCH) // MICROSECOND


def _of_values(values: Sequence[Any]) -> Column:
    """What SQLite tells: its instants are texts or naive."""
    return np.array(values, np.int64 if isinstance(values[0], int) else "datetime64[us]").astype(np.int64)


def _of_array(sent: bytes | None) -> Column:
    """What PostgreSQL sends of an array: 20 bytes that tell its type and size, then the length and the value of each element,
    most significant byte first.
    """
    if sent is None:
        return np.empty(0, np.int64)
    kind, length = int.from_bytes(sent[8:12]), int.from_bytes(sent[20:24])
    elements = np.frombuffer(sent, [("length", ">i4"), ("value", f">i{length}")], offset=20)
    values: Column = elements["value"].astype(np.int64)
    if kind == _INSTANT:
        values += _ZERO_OF_POSTGRESQL
    return values


class _Binary(psycopg.Cursor[Any]):
    """Gives bytes as they are: Django's own has them written as text, which costs a third more. Plans for the very values."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        return super().execute(query, params, prepare=False, binary=True)


def _binary_cursor() -> Any:
    """Such a cursor, whose statements Django logs and wraps as those of its own."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    cursor: Any = _Binary(connection.connection)
    return connection.make_debug_cursor(cursor) if connection.queries_logged else connection.make_cursor(cursor)
