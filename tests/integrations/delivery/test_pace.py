"""Rate limits: no window of any alignment is ever broken, and the limit is used."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from integrations.delivery.pace import Pace
from integrations.destinations.base import Window

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
