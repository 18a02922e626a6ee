"""Whether what was recorded at the sandbox is what had to be: each expected event once, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.demo.expected import Expected, Key

Address = tuple[str, str]
"""(public key of the Klaviyo account, e-mail address)."""


def key_of(event: Mapping[str, Any]) -> Key:
    """By what an event of the sandbox is recognised: points by their order, because their identity is a row's number."""
    known_by = event["unique_id"]
    if event["metric"] == "Points added":
        known_by = f"points:{event['properties'].get('OrderNumber')}"
    return event["account"], event["metric"], known_by


@dataclass(frozen=True, slots=True)
class Verdict:
    """How what was recorded differs from what had to be. `suppressed` counts the addresses that must be, and are."""

    expected: int
    missing: list[Key] = field(default_factory=list)
    unexpected: list[Key] = field(default_factory=list)
    doubled: list[Key] = field(default_factory=list)
    wrongly_backfilled: list[Key] = field(default_factory=list)
    wrongly_live: list[Key] = field(default_factory=list)
    wrongly_timed: list[Key] = field(default_factory=list)
    suppressed: int = 0
    not_suppressed: list[Key] = field(default_factory=list)
    wrongly_suppressed: list[Key] = field(default_factory=list)

    @property
    def complaints(self) -> dict[str, list[Key]]:
        """What is wrong, by kind; empty when every expected event arrived exactly once."""
        found = {
            "missing": self.missing,
            "unexpected": self.unexpected,
            "doubled": self.doubled,
            "sent as backfill though it is news": self.wrongly_backfilled,
            "sent as news though it is from before the launch": self.wrongly_live,
            "told of another instant": self.wrongly_timed,
            "not suppressed": self.not_suppressed,
            "suppressed without a reason": self.wrongly_suppressed,
        }
        return {kind: keys for kind, keys in found.items() if keys}


def judge(
    expected: Iterable[Expected],
    recorded: Iterable[Mapping[str, Any]],
    receipts: Mapping[tuple[str, str], int],
    began_at: datetime,
    *,
    to_suppress: Set[Address] = frozenset(),
    suppressed: Set[Address] = frozenset(),
) -> Verdict:
    """Hold what the sandbox recorded against what had to come, and whom it holds `suppressed` against whom it must.

    `receipts` is (account, unique_id) -> how often the sandbox accepted it, repeats that it then ignored included.
    """
    wanted = {each.key: each for each in expected if each.is_sent(began_at)}
    events = [(key_of(each), each) for each in recorded]
    found, times = dict(events), Counter(key for key, _ in events)
    # An id may be that of several metrics' events: an order is placed, cancelled and fulfilled under its own.
    due_times = Counter((account, unique_id) for account, _, unique_id in found)
    common = [(key, each, found[key]) for key, each in wanted.items() if key in found]
    return Verdict(
        expected=len(wanted),
        missing=sorted(wanted.keys() - found.keys()),
        unexpected=sorted(found.keys() - wanted.keys()),
        doubled=sorted(
            key
            for key, count in times.items()
            if count > 1 or receipts.get((key[0], key[2]), 0) > due_times[key[0], key[2]]
        ),
        wrongly_backfilled=[key for key, due, came in common if came["backfill"] and not due.is_backfill(began_at)],
        wrongly_live=[key for key, due, came in common if due.is_backfill(began_at) and not came["backfill"]],
        wrongly_timed=[key for key, due, came in common if due.occurred_at != datetime.fromisoformat(came["time"])],
        suppressed=len(to_suppress & suppressed),
        not_suppressed=_suppressions(to_suppress - suppressed),
        wrongly_suppressed=_suppressions(suppressed - to_suppress),
    )


def _suppressions(addresses: Set[Address]) -> list[Key]:
    return [(account, "suppression", email) for account, email in sorted(addresses)]
