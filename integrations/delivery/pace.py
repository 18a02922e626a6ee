"""Keeping within a rate limit: how long to wait before the next request, by a sliding log of the last minute.

Klaviyo, for one, counts in fixed windows whose edges it does not tell; a sliding window of the same length never breaks any of
them. A request is counted somewhere between its start and its answer, so it is taken as late as it can have been: at its answer.
Pure: instants are seconds since the epoch and come from the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from integrations.destinations.base import Window

MARGIN = 0.02
"""Seconds beyond a window's length before its requests are forgotten: no two clocks run alike."""

IN_FLIGHT_WAIT = 0.05
"""Seconds to wait where the requests in flight alone fill a window: one of them will be answered."""


class Pace:
    """The requests of one endpoint of one account in the last minute, against its windows."""

    def __init__(self, windows: Sequence[Window], answered: Iterable[float] = ()) -> None:
        self.windows = tuple(windows)
        self._answered: deque[float] = deque(sorted(answered))
        self._in_flight = 0

    def learn(self, windows: Sequence[Window]) -> None:
        """Take over the windows that an answer's headers described: they outrank what is written here."""
        if windows:
            self.windows = tuple(windows)

    def wait(self, now: float) -> float:
        """Seconds until one more request fits into every window; 0.0 if it fits now."""
        self._forget(now)
        return max((self._wait_for(window, now) for window in self.windows), default=0.0)

    def start(self) -> None:
        """Note that a request is made."""
        self._in_flight += 1

    def answer(self, now: float) -> None:
        """Note that a request was answered, or given up."""
        self._in_flight -= 1
        self._answered.append(now)

    def summary(self, now: float) -> list[list[int]]:
        """The log as [second, requests] pairs, small enough to keep in the lane's row between two workers."""
        self._forget(now)
        counts: dict[int, int] = {}
        for instant in self._answered:
            counts[int(instant)] = counts.get(int(instant), 0) + 1
        return [[second, count] for second, count in counts.items()]

    @staticmethod
    def restore(summary: object) -> list[float]:
        """Instants from a summary; each is taken as late as it can have been. Anything unreadable counts as nothing sent."""
        if not isinstance(summary, list):
            return []
        return [second + 1.0 for second, count in summary for _ in range(count)]

    def _wait_for(self, window: Window, now: float) -> float:
        room = window.limit - self._in_flight
        if room <= 0:
            return IN_FLIGHT_WAIT
        if len(self._answered) < room:
            return 0.0
        return max(0.0, self._answered[-room] + window.seconds + MARGIN - now)

    def _forget(self, now: float) -> None:
        longest = max((window.seconds for window in self.windows), default=0)
        while self._answered and self._answered[0] <= now - longest - MARGIN:
            self._answered.popleft()
