"""When to try again: tables of numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.delivery import backoff

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("attempts", "middle"),
    [(1, 10 * SECOND), (2, MINUTE), (3, 5 * MINUTE), (4, 15 * MINUTE), (5, HOUR), (6, 3 * HOUR), (9, 24 * HOUR)],
)
def test_each_failure_waits_longer_within_twenty_percent(attempts: int, middle: timedelta) -> None:
    assert backoff.retry_delay(attempts, silent=False, chance=0.0) == middle * 0.8
    assert backoff.retry_delay(attempts, silent=False, chance=0.5) == middle
    assert backoff.retry_delay(attempts, silent=False, chance=1.0) == middle * 1.2


def test_tenth_failure_is_the_last() -> None:
    assert backoff.retry_delay(10, silent=False, chance=0.5) is None


def test_silence_waits_a_minute_at_least() -> None:
    assert backoff.retry_delay(1, silent=True, chance=0.5) == MINUTE


@pytest.mark.parametrize(
    ("retry_after", "failures", "expected"),
    [(7.0, 0, 7 * SECOND), (0.0, 3, timedelta(0)), (None, 0, SECOND), (None, 3, 8 * SECOND), (None, 40, MINUTE)],
)
def test_throttled_lane_waits_as_asked_else_doubling(
    retry_after: float | None, failures: int, expected: timedelta
) -> None:
    assert backoff.throttle_delay(retry_after, failures, chance=0.0) == expected


def test_throttled_lane_never_comes_back_early_and_no_longer_than_an_hour() -> None:
    assert backoff.throttle_delay(10.0, 0, chance=0.99) > 10 * SECOND
    assert backoff.throttle_delay(1e9, 0, chance=0.0) == HOUR


@pytest.mark.parametrize(("opened", "expected"), [(0, 30 * SECOND), (1, MINUTE), (4, 8 * MINUTE), (9, 15 * MINUTE)])
def test_circuit_stays_open_longer_each_time(opened: int, expected: timedelta) -> None:
    assert backoff.circuit_delay(opened) == expected
