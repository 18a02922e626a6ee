"""Statements that Django's ORM does not write or prepare: inserting what is new, naming thousands of keys, what is run often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from django.db import connection, models
from django.db.models.expressions import RawSQL

ModelT = TypeVar("ModelT", bound=models.Model)

CHUNK = 500
"""Rows in one statement: every database takes that many parameters."""


def prepared(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Execute a statement that is run often. PostgreSQL prepares it for the connection: planning costs as much as a page.

    The plan is then one for any values, so that one index must be best whatever they are.
    """
    return _executed(sql, values, prepare=True)


def planned(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Execute a statement that PostgreSQL plans for these very values: how many rows they leave decides what is best."""
    return _executed(sql, values, prepare=False)


def _executed(sql: str, values: Sequence[Any], *, prepare: bool) -> list[tuple[Any, ...]]:
    if connection.vendor != "postgresql":
        adapt = connection.ops.adapt_datetimefield_value
        with connection.cursor() as cursor:
            cursor.execute(sql, [adapt(each) if isinstance(each, datetime) else each for each in values])
            return list(cursor.fetchall())
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as quick:
        return quick.execute(sql, values, prepare=prepare).fetchall()


class Among(models.Lookup[Any]):
    """`filter(Among(F("pk"), keys))`: like `pk__in`, but the keys, which are numbers, are one parameter.

    With a thousand keys `IN` spends more time on writing and reading its parameters than on the rows, and SQLite bounds
    their number.
    """

    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """For SQLite."""
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} IN (SELECT value FROM json_each(%s))", [*parameters, _as_parameter(self.rhs)]  # noqa: S608

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """For PostgreSQL."""
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s::bigint[])", [*parameters, _as_parameter(self.rhs)]


@dataclass(frozen=True, slots=True)
class Given:
    """Stands in a queryset for a value that is given when its `Statement` is run; `Among` takes it as it is."""

    name: str

    @property
    def value(self) -> RawSQL:
        """For every other lookup."""
        return RawSQL("%s", [self])


class Statement:
    """A queryset, written as SQL once and run often: with the values that its `Given`s stand for.

    Django takes milliseconds to write a large one, which is most of what it costs to ask for few rows. Columns come as the
    database hands them over: JSON is text.
    """

    def __init__(self, queryset: models.QuerySet[Any, Any]) -> None:
        self._sql, self._parameters = queryset.query.sql_with_params()

    def run(self, **given: Any) -> list[tuple[Any, ...]]:
        """Execute it. A sequence is given to an `Among`."""
        values = [_as_parameter(given[each.name]) if isinstance(each, Given) else each for each in self._parameters]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, values)
            return list(cursor.fetchall())


def _as_parameter(value: Any) -> Any:
    if isinstance(value, str | int | Given):
        return value
    keys = ",".join(map(str, value))
    return f"{{{keys}}}" if connection.vendor == "postgresql" else f"[{keys}]"


def insert_new(rows: Sequence[ModelT], *, identity: Sequence[str], where_null: str = "") -> list[ModelT]:
    """Insert `rows` of one model and return those that were new, with their primary keys.

    `identity` names the fields of the unique constraint that decides; `where_null` a field, if the constraint holds only for rows
    in which that is NULL. Two processes that insert the same row at once agree on which one of them did.
    """
    return [
        new
        for start in range(0, len(rows), CHUNK)
        for new in _insert(rows[start : start + CHUNK], identity, where_null)
    ]


def insert_selected(model: type[models.Model], names: Sequence[str], selected: models.QuerySet[Any, Any]) -> int:
    """Insert what a queryset of values selects, for the fields `names` in their order: one statement; returns how many rows."""
    meta, quote = model._meta, connection.ops.quote_name
    sql, parameters = selected.query.sql_with_params()
    columns = ", ".join(quote(str(meta.get_field(each).column)) for each in names)  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        # Only names of tables and columns are written into the statement; every value is a parameter.
        cursor.execute(f"INSERT INTO {quote(meta.db_table)} ({columns}) {sql}", parameters)
        return int(cursor.rowcount)


def _insert(rows: Sequence[ModelT], identity: Sequence[str], where_null: str) -> list[ModelT]:
    sql, fields, keys = _inserting(type(rows[0]), tuple(identity), where_null, len(rows))
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows for field in fields]
    by_identity: dict[tuple[Any, ...], ModelT] = {}
    for row in rows:
        by_identity.setdefault(tuple(getattr(row, key) for key in keys), row)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        inserted = cursor.fetchall()
    new = []
    for pk, *found in inserted:
        row = by_identity[tuple(found)]
        row.pk = pk
        new.append(row)
    return new


@lru_cache(maxsize=256)
def _inserting(
    model: type[models.Model], identity: tuple[str, ...], where_null: str, rows: int
) -> tuple[str, list[models.Field[Any, Any]], list[str]]:
    """The statement that inserts so many rows, the fields that it takes of each, and the attributes that identify one."""
    meta, quote = model._meta, connection.ops.quote_name
    fields: list[models.Field[Any, Any]] = [each for each in meta.concrete_fields if not each.primary_key]
    identifying = [each for each in fields if each.name in identity]
    columns = ", ".join(quote(each.column or "") for each in fields)
    keys = ", ".join(quote(each.column or "") for each in identifying)
    nulls = [quote(each.column or "") for each in fields if each.name == where_null]
    condition = f" WHERE {nulls[0]} IS NULL" if nulls else ""
    row_of_values = f"({', '.join(['%s'] * len(fields))})"
    # Only names of tables and columns are written into the statement; every value is a parameter.
    sql = (
        f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES {', '.join([row_of_values] * rows)} "  # noqa: S608
        f"ON CONFLICT ({keys}){condition} DO NOTHING RETURNING {quote(str(meta.pk.column))}, {keys}"
    )
    return sql, fields, [each.attname for each in identifying]
