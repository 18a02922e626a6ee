"""Rate limits: no window of any alignment is ever broken, and the limit is used."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.delivery.lane import SINGLES_IN_FLIGHT
from integrations.delivery.pace import Pace
from integrations.destinations.base import Window
from integrations.destinations.klaviyo.destination import Klaviyo
from integrations.destinations.klaviyo.sandbox.limits import LIMITS, Limiter

WINDOWS = (Window(5, 1), Window(20, 60))


def _run(pace: Pace, gaps: list[tuple[float, float, float]]) -> list[float]:
    """Make requests one after the other; of each (gap before it, until it is counted, until it is answered)."""
    now, counted = 1_000.0, []
    for gap, on_the_way, on_the_way_back in gaps:
        now += gap
        now += pace.wait(now)
        pace.start()
        counted.append(now + on_the_way)
        now += on_the_way + on_the_way_back
        pace.answer(now)
    return counted


short = st.floats(0, 0.5)


@given(gaps=st.lists(st.tuples(st.floats(0, 5), short, short), min_size=1, max_size=80))
def test_no_window_is_broken_wherever_on_its_way_a_request_is_counted(gaps: list[tuple[float, float, float]]) -> None:
    counted = _run(Pace(WINDOWS), gaps)

    for window in WINDOWS:
        for start in counted:
            assert sum(start <= each < start + window.seconds for each in counted) <= window.limit


def test_requests_in_flight_fill_a_window() -> None:
    pace = Pace((Window(2, 1),))
    pace.start()
    pace.start()

    assert pace.wait(1_000.0) > 0


def test_a_backlog_uses_the_limit() -> None:
    sent = _run(Pace((Window(10, 1),)), [(0.0, 0.0, 0.0)] * 200)

    assert 200 / (sent[-1] - sent[0]) >= 0.95 * 10


@dataclass
class Usage:
    """What a backlog made of a limit: requests that were let in and refused, and the share of what was allowed."""

    accepted: int = 0
    refused: int = 0

    def share(self, operation: str, seconds: float) -> float:
        """Of the requests that the limits of `operation` allow in that time."""
        return self.accepted / min(limit * seconds / window for limit, window in LIMITS[operation])


def use_up(operation: str, *, offset: float, latency: float, in_flight: int, seconds: float) -> Usage:
    """Work off an endless backlog against Klaviyo's counting, whose windows are `offset` seconds old; a clock of its own."""
    limiter, usage, start = Limiter(), Usage(), 1_000.0
    limiter.headers("account", operation, start - offset)
    pace = Pace(Klaviyo.bulk_limits if operation == "bulk_create_events" else Klaviyo.single_limits)
    now = start
    answers: list[float] = []
    while now < start + seconds:
        while answers and answers[0] <= now:
            pace.answer(heapq.heappop(answers))
        wait = pace.wait(now)
        if not wait and len(answers) < in_flight:
            pace.start()
            refused = limiter.take("account", operation, now + latency / 2)
            usage.accepted, usage.refused = usage.accepted + (not refused), usage.refused + bool(refused)
            heapq.heappush(answers, now + latency)
            continue
        soonest = [now + wait] if wait and len(answers) < in_flight else []
        now = min([*soonest, *answers[:1]])
    return usage


@pytest.mark.parametrize(
    ("operation", "in_flight", "latency"),
    [("bulk_create_events", 1, 0.03), ("bulk_create_events", 1, 0.1), ("create_event", SINGLES_IN_FLIGHT, 0.03)],
)
@pytest.mark.parametrize("offset", [0.0, 0.5, 17.3, 59.9])
def test_backlog_uses_klaviyos_limits_and_never_breaks_them_however_its_windows_lie(
    operation: str, in_flight: int, latency: float, offset: float
) -> None:
    usage = use_up(operation, offset=offset, latency=latency, in_flight=in_flight, seconds=180)

    assert usage.refused == 0
    assert usage.share(operation, 180) >= 0.95


def test_what_one_worker_spent_the_next_one_knows() -> None:
    first = Pace(WINDOWS)
    _run(first, [(0.0, 0.0, 0.0)] * 5)

    second = Pace(WINDOWS, Pace.restore(first.summary(1_000.0)))

    assert second.wait(1_000.0) >= 1.0


def test_headers_outrank_what_is_written_here() -> None:
    pace = Pace(WINDOWS)
    pace.learn((Window(1, 1),))
    pace.start()
    pace.answer(1_000.0)

    assert pace.wait(1_000.0) > 1.0


def test_unreadable_summary_counts_as_nothing_sent() -> None:
    assert Pace.restore(None) == []
