"""The one rule by which a scan moves a shipment on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking import statuses
from tracking.statuses import advances

EARLY = datetime(2026, 11, 20, 8, tzinfo=UTC)
LATE = EARLY + timedelta(hours=1)

any_status = st.sampled_from(statuses.ALL)
any_time = st.sampled_from([EARLY, LATE])


@pytest.mark.parametrize(
    ("current", "new", "expected"),
    [
        ("unknown", "pre_transit", True),
        ("pre_transit", "in_transit", True),
        ("in_transit", "delivered", True),
        ("in_transit", "pre_transit", False),
        ("out_for_delivery", "in_transit", False),
        ("out_for_delivery", "available_for_pickup", True),
        ("in_transit", "failure", True),
        ("failure", "in_transit", True),
        ("failure", "out_for_delivery", True),
        ("failure", "pre_transit", False),
        ("failure", "failure", False),
        ("error", "delivered", True),
        ("in_transit", "return_to_sender", True),
        ("cancelled", "return_to_sender", True),
        ("delivered", "return_to_sender", False),
        ("return_to_sender", "delivered", False),
        ("delivered", "in_transit", False),
        ("cancelled", "in_transit", False),
        ("in_transit", "unknown", False),
    ],
)
def test_table_of_later_scans(current: str, new: str, expected: bool) -> None:
    assert advances(current, EARLY, new, LATE) is expected


@pytest.mark.parametrize(("current", "new"), [("failure", "in_transit"), ("out_for_delivery", "failure")])
def test_trouble_counts_only_in_its_time(current: str, new: str) -> None:
    assert advances(current, LATE, new, EARLY) is False


def test_delivery_counts_even_if_another_clock_dates_it_earlier() -> None:
    assert advances("in_transit", LATE, "delivered", EARLY) is True


@given(new=any_status, new_at=any_time, at=any_time)
def test_nothing_leaves_delivered(new: str, new_at: datetime, at: datetime) -> None:
    assert not advances("delivered", at, new, new_at)


@given(current=any_status, at=any_time, new_at=any_time)
def test_a_repeat_moves_nothing(current: str, at: datetime, new_at: datetime) -> None:
    assert not advances(current, at, current, new_at)
