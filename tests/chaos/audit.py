"""What a run came to: the history in the database, what Klaviyo recorded, and the log of kills, held against each other."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db.models.functions import Now

from integrations.destinations.klaviyo.sandbox import Controls
from integrations.models import Delivery, DeliveryAttempt, Event, InboundMessage, Lease
from tests.chaos.kill_points import KillLog
from tests.support.waiting import wait_for
from tests.support.world import Shop

Figures = dict[str, Any]

FIGURES = Path(os.environ.get("CHAOS_FIGURES", "var/chaos"))
"""The folder in which the figures of a run are kept: a file for each test, because several processes may run tests."""


@dataclass
class Audit:
    """Events of all merchants, by what became of them. An event is (merchant's account, metric's name, unique_id)."""

    events: int = 0
    lost: list[tuple[str, ...]] = field(default_factory=list)
    doubled: list[tuple[str, ...]] = field(default_factory=list)
    unknown: list[tuple[str, ...]] = field(default_factory=list)
    overtaken: int = 0
    wire_repeats: int = 0
    deliveries: dict[str, int] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether every event was recorded exactly once, under the id that the history has, and nothing is left over."""
        is_settled = set(self.deliveries) <= {"sent"} and set(self.messages) <= {"handled"}
        return is_settled and not (self.lost or self.doubled or self.unknown)

    def figures(self) -> Figures:
        """The counts."""
        return {
            "events": self.events,
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "ids changed": len(self.unknown),
            "overtaken": self.overtaken,
            "wire repeats": self.wire_repeats,
            "dead, expired or left over": self.events - self.deliveries.get("sent", 0),
        }


def audit(shops: list[Shop], sandbox: Controls) -> Audit:
    """Compare, once all workers have ended."""
    found = Audit(deliveries=_states(Delivery), messages=_states(InboundMessage))
    for shop in shops:
        _compare(found, shop, sandbox)
    return found


def _states(model: type[Delivery] | type[InboundMessage]) -> dict[str, int]:
    return dict(Counter(model._default_manager.values_list("state", flat=True)))


def _compare(found: Audit, shop: Shop, sandbox: Controls) -> None:
    history = Event.objects.for_merchant(shop.merchant)
    ours = {(shop.public_key, *row) for row in history.values_list("metric_name", "unique_id")}
    recorded = sandbox.events(shop.public_key)
    theirs = Counter((shop.public_key, each["metric"], each["unique_id"]) for each in recorded)
    receipts = sandbox.receipts(shop.public_key)
    ids = {unique_id for _, _, unique_id in ours}
    found.events += len(ours)
    found.lost += sorted(ours - set(theirs))
    found.doubled += sorted(event for event, count in theirs.items() if count > 1)
    found.unknown += sorted(set(theirs) - ours)
    found.unknown += [(shop.public_key, "received", unique_id) for unique_id in receipts if unique_id not in ids]
    found.wire_repeats += sum(receipts.values()) - len(receipts)
    found.overtaken += _overtaken(history, [each["unique_id"] for each in recorded])


def _overtaken(history: Any, in_order: list[str]) -> int:
    """Events that Klaviyo recorded before an earlier one of the same order."""
    places = {unique_id: place for place, unique_id in enumerate(in_order)}
    newest: dict[str, int] = {}
    count = 0
    for subject, unique_id in history.order_by("pk").values_list("subject", "unique_id"):
        place = places.get(unique_id, 0)
        count += place < newest.get(subject, 0)
        newest[subject] = max(place, newest.get(subject, 0))
    return count


def kills(log: KillLog) -> dict[str, int]:
    """How often each label killed."""
    return dict(sorted(Counter(log.labels()).items()))


def requests_made() -> dict[str, int]:
    """Requests that the history of deliveries knows, by their outcome. What a killed worker had under way is not among them."""
    return dict(Counter(DeliveryAttempt.objects.values_list("outcome", flat=True)))


def wait_for_free_leases() -> None:
    """Fails where a lease outlives all workers by more than its length."""
    wait_for(lambda: not Lease.objects.filter(until__gt=Now()).exists(), "the end of all leases")


def keep(name: str, figures: Figures) -> None:
    """Write down a test's figures."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n")


def kept(since: float) -> dict[str, Figures]:
    """The figures written down since that instant (epoch seconds), by test."""
    files = sorted(FIGURES.glob("*.json")) if FIGURES.exists() else []
    return {file.stem: json.loads(file.read_text()) for file in files if file.stat().st_mtime >= since}
