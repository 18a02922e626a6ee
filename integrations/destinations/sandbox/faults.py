"""Fault switches: what can go wrong between a client and a vendor, on demand and repeatable."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

BEFORE = frozenset(
    {"throttle", "server_error", "bad_gateway", "unavailable", "challenge", "hang", "reset_before", "revoke_key"}
)
"""Faults that strike before the request is processed: nothing is stored."""

AFTER = frozenset({"reset_after", "half_answer", "hang_after", "garbage", "slow"})
"""Faults that strike once the request was processed: the client cannot know that, or learns it late."""

NONE = "none"
"""Not a fault: a place in a script where the request is answered as usual."""

KINDS = BEFORE | AFTER | {NONE}


class FaultUnknown(ValueError):
    """There is no fault of that kind, or its settings make no sense: correct the call."""


@dataclass(frozen=True, slots=True)
class FaultSettings:
    """When a fault strikes, and how.

    `account` (public or private key), `operation` (such as `create_event`) and `unique_id` narrow it; None means any.
    It strikes with `probability`, drawn from a generator started with `seed`, skips the first `after` matching requests
    and ends after `times` strikes (None: never). `seconds` is the length of a hang or the Retry-After of a throttle,
    `milliseconds` the length of a slow answer.
    """

    kind: str
    account: str | None = None
    operation: str | None = None
    unique_id: str | None = None
    probability: float = 1.0
    times: int | None = None
    after: int = 0
    seed: int = 0
    seconds: int = 1
    milliseconds: int = 500

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise FaultUnknown(f"{self.kind!r} is not one of: {', '.join(sorted(KINDS))}")
        if not 0 <= self.probability <= 1:
            raise FaultUnknown("probability lies between 0 and 1")


@dataclass(slots=True)
class Fault:
    """A fault that is switched on, and how often it has struck."""

    id: int
    settings: FaultSettings
    struck: int = 0
    skipped: int = 0
    _dice: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._dice.seed(self.settings.seed)

    @property
    def is_spent(self) -> bool:
        """Whether it has struck as often as it may."""
        return self.settings.times is not None and self.struck >= self.settings.times

    def strikes(self, accounts: Collection[str], operation: str) -> bool:
        """Whether it strikes this request; counts it if so."""
        wanted = self.settings
        if self.is_spent or wanted.account not in (None, *accounts) or wanted.operation not in (None, operation):
            return False
        if self.skipped < wanted.after:
            self.skipped += 1
            return False
        if wanted.probability < 1 and self._dice.random() >= wanted.probability:
            return False
        self.struck += 1
        return True

    def describe(self) -> dict[str, Any]:
        """The fault as plain data."""
        return {"id": self.id, "struck": self.struck, **asdict(self.settings)}


class FaultBook:
    """All faults that are switched on. The first that strikes wins; those for one unique_id go before the others."""

    def __init__(self) -> None:
        self._general: list[Fault] = []
        self._by_unique_id: dict[str, list[Fault]] = {}
        self._last_id = 0
        self._lock = Lock()

    def add(self, settings: FaultSettings) -> int:
        """Switch a fault on and return its number."""
        with self._lock:
            self._last_id += 1
            fault = Fault(self._last_id, settings)
            if settings.unique_id is None:
                self._general.append(fault)
            else:
                self._by_unique_id.setdefault(settings.unique_id, []).append(fault)
            return fault.id

    def clear(self, number: int | None = None) -> None:
        """Switch one fault off, or all of them."""
        with self._lock:
            self._general = [fault for fault in self._general if number not in (None, fault.id)]
            kept = {
                unique_id: [fault for fault in faults if number not in (None, fault.id)]
                for unique_id, faults in self._by_unique_id.items()
            }
            self._by_unique_id = {unique_id: faults for unique_id, faults in kept.items() if faults}

    def pick(self, accounts: Collection[str], operation: str, unique_ids: Collection[str]) -> FaultSettings | None:
        """The fault that strikes this request, if any. `accounts` are the names under which its account is known."""
        if not self._general and not self._by_unique_id:
            return None
        with self._lock:
            for unique_id in unique_ids if self._by_unique_id else ():
                for fault in self._by_unique_id.get(unique_id, ()):
                    if fault.strikes(accounts, operation):
                        return fault.settings
            for fault in self._general:
                if fault.strikes(accounts, operation):
                    return fault.settings
        return None

    def all(self) -> list[dict[str, Any]]:
        """Every fault that is switched on, as plain data."""
        with self._lock:
            special = [fault for faults in self._by_unique_id.values() for fault in faults]
            return [fault.describe() for fault in sorted(self._general + special, key=lambda fault: fault.id)]
