"""A long timeline made short: what says the same again and again is one line with its count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.timeline import Entry

TOGETHER = timedelta(minutes=1)
"""Entries that say the same within this time are one, whatever stands between them."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Entries that say the same, oldest first: most often a single one."""

    entries: list[Entry]

    @property
    def first(self) -> Entry:
        """The one that speaks for all."""
        return self.entries[0]

    @property
    def until(self) -> datetime | None:
        """When the last of them was, where there are several at different instants."""
        last = self.entries[-1].at
        return last if last - self.first.at > TOGETHER else None

    @property
    def abouts(self) -> list[str]:
        """What they are about, each once."""
        return [about for about in dict.fromkeys(each.about for each in self.entries) if about]


def fold(entries: Iterable[Entry]) -> list[Fold]:
    """Fold a timeline, which is ordered, oldest first.

    Plain entries (messages and scans that told nothing) are folded until something else happens; all others only within a
    minute: an event that was sent on another day is news.
    """
    folds: list[Fold] = []
    latest: dict[tuple[str, str, str], Fold] = {}
    for entry in entries:
        is_plain = entry.tone == "plain"
        if not is_plain:
            latest = {key: known for key, known in latest.items() if key[2] != "plain"}
        key = (entry.title, entry.detail, entry.tone)
        known = latest.get(key)
        if known is not None and (is_plain or entry.at - known.entries[-1].at <= TOGETHER):
            known.entries.append(entry)
            continue
        latest[key] = Fold([entry])
        folds.append(latest[key])
    return folds
