"""Keeping within a rate limit: how long to wait before the next request, by a sliding log of the last minute.

Klaviyo counts in fixed windows whose edges it does not tell; a sliding window of the same length never breaks any of them.
Pure: instants are seconds since the epoch and come from the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from integrations.destinations.base import Window

SINGLE = (Window(350, 1), Window(3_500, 60))
"""Klaviyo create_event: 350 a second, 3,500 a minute."""

BULK = (Window(10, 1), Window(150, 60))
"""Klaviyo bulk_create_events: 10 a second, 150 a minute."""

MARGIN = 0.05
"""Seconds beyond a window's length before its requests are forgotten: the network stretches gaps either way."""


class Pace:
    """The requests of one endpoint of one account in the last minute, against its windows."""

    def __init__(self, windows: Sequence[Window], sent: Iterable[float] = ()) -> None:
        self.windows = tuple(windows)
        self._sent: deque[float] = deque(sorted(sent))

    def learn(self, windows: Sequence[Window]) -> None:
        """Take over the windows that an answer's headers described: they outrank what is written here."""
        if windows:
            self.windows = tuple(windows)

    def wait(self, now: float) -> float:
        """Seconds until one more request fits into every window; 0.0 if it fits now."""
        self._forget(now)
        waits = [0.0]
        for window in self.windows:
            if len(self._sent) >= window.limit:
                waits.append(self._sent[-window.limit] + window.seconds + MARGIN - now)
        return max(waits)

    def spend(self, now: float) -> None:
        """Note a request."""
        self._sent.append(now)

    def summary(self, now: float) -> list[list[int]]:
        """The log as [second, requests] pairs, small enough to keep in the lane's row between two workers."""
        self._forget(now)
        counts: dict[int, int] = {}
        for instant in self._sent:
            counts[int(instant)] = counts.get(int(instant), 0) + 1
        return [[second, count] for second, count in counts.items()]

    @staticmethod
    def restore(summary: object) -> list[float]:
        """Instants from a summary; each is taken as late as it can have been. Anything unreadable counts as nothing sent."""
        if not isinstance(summary, list):
            return []
        return [second + 1.0 for second, count in summary for _ in range(count)]

    def _forget(self, now: float) -> None:
        longest = max((window.seconds for window in self.windows), default=0)
        while self._sent and self._sent[0] <= now - longest - MARGIN:
            self._sent.popleft()
