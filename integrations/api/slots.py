"""Requests that take long, for news or for a file, keep a thread of the web server: only so many at a time may."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from django.conf import settings

_free = threading.BoundedSemaphore(settings.API_LONG_REQUESTS)


class Slot:
    """The right to take long, until it is given back; `is_mine` is False where all are taken."""

    def __init__(self) -> None:
        self.is_mine = _free.acquire(blocking=False)

    def give_back(self) -> None:
        """Let another request have it. Harmless to call twice."""
        if self.is_mine:
            self.is_mine = False
            _free.release()


class Stream:
    """The parts of a long answer; its slot is given back when the server closes it, finished or not."""

    def __init__(self, parts: Iterator[bytes], slot: Slot) -> None:
        self._parts, self._slot = parts, slot

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        """Called by the server in any case."""
        self._slot.give_back()
