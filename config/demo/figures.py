"""What the demo counts: messages, log entries, events and deliveries from the product's database, arrivals from the sandbox."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count

from config.demo.expected import Key
from config.demo.shops import SHOPS
from config.demo.steps import Step
from config.demo.verdict import Address, key_of
from integrations.destinations.klaviyo.sandbox import RemoteSandbox
from integrations.models import Delivery, Event, InboundMessage
from lifecycle.models import Activity

State = Delivery.State

LOOK_SHARE = 20
"""The sandbox is left alone for this many times as long as the last look at it took: it answers with all its events."""

_COLUMNS: dict[str, str] = {
    State.SENT: "delivered",
    State.SKIPPED: "skipped",
    State.DEAD: "failed",
    State.EXPIRED: "failed",
}


@dataclass(slots=True)
class Row:
    """One shop's figures. `latencies` are seconds from the webhook's acceptance to the sandbox's receipt."""

    received: int = 0
    events: int = 0
    delivered: int = 0
    waiting: int = 0
    skipped: int = 0
    failed: int = 0
    latencies: list[float] = field(default_factory=list)


def percentile(values: list[float], percent: int) -> float | None:
    """The `percent`-th percentile; None where there are no values."""
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


@dataclass(slots=True)
class Figures:
    """All figures of a running demo."""

    sandbox: RemoteSandbox
    merchants: Mapping[int, str]
    """Primary key of a merchant -> public key of its Klaviyo account."""

    _accepted: dict[Key, datetime] = field(default_factory=dict)
    _latencies: dict[Key, float] = field(default_factory=dict)
    _look_at: float = 0.0

    def note_accepted(self, step: Step, at: datetime) -> None:
        """The webhook of a step was accepted at that instant: what it leads to is counted from there."""
        for event in step.leads_to:
            self._accepted[event.key] = at

    def rows(self) -> dict[str, Row]:
        """The figures now, by the public key of the account."""
        if time.monotonic() >= self._look_at:
            self.look()
        rows = {shop.account: Row() for shop in SHOPS}
        for merchant, state, count in _counts(InboundMessage, "state"):
            row = rows[self.merchants[merchant]]
            row.received += count
            row.failed += count if state == InboundMessage.State.FAILED else 0
        for merchant, count in _counts(Activity):
            rows[self.merchants[merchant]].received += count
        for merchant, count in _counts(Event):
            rows[self.merchants[merchant]].events = count
        for merchant, state, count in _counts(Delivery, "state", change=None):
            _add(rows[self.merchants[merchant]], state, count)
        for (account, _, _), seconds in self._latencies.items():
            rows[account].latencies.append(seconds)
        return rows

    def is_settled(self) -> bool:
        """Whether nothing is under way any more: nothing unhandled, unparsed or unsent, nothing in the sandbox's queue."""
        return (
            not InboundMessage.objects.filter(state=InboundMessage.State.RECEIVED).exists()
            and not Activity.objects.filter(parsed_at=None).exists()
            and not Delivery.objects.filter(state__in=[State.PENDING, State.SENDING]).exists()
            and not self.sandbox.counters()["pending"]
        )

    def recorded(self) -> list[dict[str, Any]]:
        """The sandbox's events."""
        return self.sandbox.events()

    def suppressed(self) -> set[Address]:
        """Whom the sandbox holds suppressed."""
        return {(each["account"], each["email"]) for each in self.sandbox.profiles() if each["suppressions"]}

    def receipts(self) -> dict[tuple[str, str], int]:
        """(account, unique_id) -> how often the sandbox accepted it."""
        return {
            (shop.account, unique_id): count
            for shop in SHOPS
            for unique_id, count in self.sandbox.receipts(shop.account).items()
        }

    def look(self) -> None:
        """Note what arrived at the sandbox since the last look, and when."""
        began = time.monotonic()
        for event in self.sandbox.events():
            key = key_of(event)
            if key in self._accepted and key not in self._latencies:
                arrived = datetime.fromisoformat(event["received_at"])
                self._latencies[key] = max((arrived - self._accepted[key]).total_seconds(), 0.0)
        self._look_at = time.monotonic() + LOOK_SHARE * (time.monotonic() - began)


def _counts(model: Any, *by: str, **only: Any) -> Any:
    return model.objects.filter(**only).values_list("merchant", *by).annotate(Count("pk")).order_by()


def _add(row: Row, state: str, count: int) -> None:
    name = _COLUMNS.get(state, "waiting")
    setattr(row, name, getattr(row, name) + count)
