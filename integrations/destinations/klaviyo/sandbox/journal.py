"""The log of requests: what came over the wire and what was answered, so that a test can look at every attempt."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. `status` is 0 where no answer was sent. `processed` is true if it changed or read anything."""

    at: datetime
    account: str | None
    method: str
    path: str
    operation: str | None
    status: int
    processed: bool
    fault: str | None
    request_id: str
    revision: str | None
    bytes: int
    unique_ids: list[str]
    body: Any

    def describe(self, *, with_body: bool) -> dict[str, Any]:
        """The entry as plain data. Keys are never part of it."""
        described = {name: getattr(self, name) for name in self.__slots__ if name not in ("body", "at")}
        described["at"] = self.at.isoformat()
        if with_body:
            described["body"] = self.body
        return described


class Journal:
    """The last requests, oldest first."""

    def __init__(self, size: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)

    def add(self, entry: Entry) -> None:
        """Note one request; the oldest is forgotten once the journal is full."""
        self._entries.append(entry)

    def all(self) -> list[Entry]:
        """The entries, oldest first."""
        return list(self._entries)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
