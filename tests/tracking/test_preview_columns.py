"""What the preview computes with: columns as both databases hand them over, and what counts between their instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db.models import BooleanField, Case, ExpressionWrapper, Q, Value, When
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.models import Merchant
from tests.tracking.stalling import PLACED, merchant_in_new_york, place
from tests.tracking.telling import DAY, HOUR
from tracking import business_time
from tracking.calendars import calendar_of
from tracking.models import Order, StalledPolicy
from tracking.preview import columns
from tracking.preview.counting import Counted

MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant in New York."""
    return merchant_in_new_york()


@pytest.mark.parametrize("middle", [None, PLACED, PLACED + HOUR, PLACED + DAY])
def test_columns_are_the_rows(merchant: Merchant, middle: datetime | None) -> None:
    """Numbers, instants to the microsecond, flags and words' numbers; however they are halved, they keep their order."""
    for number in range(3):
        place(merchant, PLACED + number * HOUR + number * MICROSECOND, key=str(number))
    is_first = ExpressionWrapper(Q(number="#0"), output_field=BooleanField())
    place_of = Case(When(number="#2", then=Value(7)), default=Value(0))
    rows = Order.objects.for_merchant(merchant).order_by("placed_at").values_list("pk", "placed_at", is_first, place_of)

    keys, placed, firsts, words = columns.read(rows, halves=("placed_at", middle) if middle else None)

    assert keys.tolist() == list(Order.objects.order_by("placed_at").values_list("pk", flat=True))
    assert [columns.EPOCH + int(each) * MICROSECOND for each in placed] == [
        PLACED + number * (HOUR + MICROSECOND) for number in range(3)
    ]
    assert (firsts.tolist(), words.tolist()) == ([1, 0, 0], [0, 0, 7])


def test_columns_of_nothing(merchant: Merchant) -> None:
    found = columns.read(Order.objects.for_merchant(merchant).values_list("pk", "placed_at"))

    assert [(each.tolist(), each.dtype) for each in found] == [([], np.dtype(np.int64))] * 2


FIRST = datetime.fromisoformat("2025-06-01T11:22:33.444555+00:00")
LAST = datetime.fromisoformat("2026-12-20T10:00:00.000001+00:00")
SETTINGS: list[dict[str, Any]] = [
    {"excluded_weekdays": []},
    {"excluded_weekdays": [5, 6], "holiday_country": "US", "own_dates": [date(2026, 11, 12).isoformat()]},
    {"excluded_weekdays": [0, 1, 2, 3, 4, 5]},
]


@pytest.mark.parametrize("days", SETTINGS)
@settings(deadline=None)
@given(
    spans=st.lists(st.tuples(*[st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None))] * 2), max_size=9)
)
def test_what_counts_between_columns_is_what_the_sweep_counts(
    days: dict[str, Any], spans: list[tuple[datetime, datetime]]
) -> None:
    merchant = Merchant(timezone="America/New_York")
    policy = StalledPolicy(merchant=merchant, **days)
    pairs = [(min(span).replace(tzinfo=UTC), max(span).replace(tzinfo=UTC)) for span in spans]
    since, until = (np.array([columns.micros(pair[side]) for pair in pairs], np.int64) for side in (0, 1))

    found = Counted(merchant, policy, FIRST, LAST).between(since, until)

    calendars = [calendar_of(policy, merchant.timezone, begin) for begin, _ in pairs]
    expected = [
        business_time.counted(begin, end, calendar) for (begin, end), calendar in zip(pairs, calendars, strict=True)
    ]
    assert [each / 1e6 for each in found.tolist()] == pytest.approx(expected, abs=1e-5)
