"""Business time in SQL: how much time counts between two instants, told by the days that `tracking.business_time` gives.

A database adds up what counts of some hundred thousand stretches in the time in which Python does it for some thousand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import FloatField, Func

from integrations.models import Merchant
from tracking import business_time
from tracking.calendars import calendar_of
from tracking.models import StalledPolicy

YEAR = timedelta(days=365)


class Counted:
    """Seconds that count since an instant `first`, by the calendar of a policy; right for instants up to `last`.

    Days that count and follow one another are a run. Run by run the database is given its begin, what to take off an instant
    in it to get what counted until then, and what counted at its end. `name` tells two of them in one statement apart.
    """

    def __init__(self, name: str, merchant: Merchant, policy: StalledPolicy, first: datetime, last: datetime) -> None:
        self._name = name
        runs: list[tuple[float, float, float]] = []
        end, counted = 0.0, 0.0
        for at, over in _stretches(merchant, policy, first, last):
            if runs and at == end:
                begin, lost, _ = runs.pop()
            else:
                begin, lost = at, at - counted
            counted += over - at
            end = over
            runs.append((begin, lost, counted))
        self._runs = runs

    @property
    def parameters(self) -> dict[str, Any]:
        """What the expression is given."""
        if connection.vendor != "postgresql":
            return {self._name: json.dumps(self._runs)}
        columns = zip(*self._runs, strict=True) if self._runs else ((), (), ())
        return {f"{self._name}_{number}": f"{{{','.join(map(str, each))}}}" for number, each in enumerate(columns)}

    def sql(self, instant: str) -> str:
        """The expression for an instant in seconds since the epoch."""
        if connection.vendor != "postgresql":
            run = "value ->> 0 AS begins, value ->> 1 AS lost, value ->> 2 AS most"
            runs = f"(SELECT {run} FROM json_each(%({self._name})s)) WHERE begins <= {instant} ORDER BY begins DESC LIMIT 1"  # noqa: S608
            return f"coalesce((SELECT min({instant} - lost, most) FROM {runs}), 0)"  # noqa: S608
        begins, lost, most = (f"%({self._name}_{number})s::float8[]" for number in range(3))
        run = f"width_bucket({instant}, {begins})"
        return f"coalesce(least({instant} - ({lost})[{run}], ({most})[{run}]), 0)"


def _stretches(
    merchant: Merchant, policy: StalledPolicy, first: datetime, last: datetime
) -> Iterator[tuple[float, float]]:
    """What counts between two instants that may lie further apart than the holidays of one calendar reach."""
    while first < last:
        end = min(first + YEAR, last)
        yield from business_time.stretches(first, end, calendar_of(policy, merchant.timezone, first))
        first = end


def epoch(column: str) -> str:
    """The expression for a column's instant in seconds since the epoch."""
    if connection.vendor == "postgresql":
        return f"date_part('epoch', {column})"
    return f"(CAST(strftime('%%s', {column}) AS REAL) + CAST('0' || substr({column}, 20) AS REAL))"


class Epoch(Func):
    """The same for a queryset. A number is read in a tenth of the time that an instant takes."""

    output_field = FloatField()

    def as_sql(self, compiler: Any, connection: Any, *rest: Any, **context: Any) -> tuple[str, Any]:
        """The expression, with its column once or twice."""
        column, parameters = compiler.compile(self.source_expressions[0])
        sql = epoch(column)
        return sql, [*parameters] * sql.count(column)

    def get_db_converters(self, connection: Any) -> list[Any]:
        """None: the database hands over floats already, and tens of thousands of them."""
        return []
