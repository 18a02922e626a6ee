"""The ways of an event, or of a change of a profile, to its connections, as merchants' pages show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from integrations.delivery import showing
from integrations.destinations import registry
from integrations.models import Delivery, DeliveryAttempt, Merchant

STATES = [
    ("", "Any"),
    ("sent", "Accepted"),
    ("pending", "Waiting"),
    ("held", "Held"),
    ("skipped", "Not sent"),
    ("failed", "Failed"),
]
"""By which lists are searched. "failed" stands for two states."""


class Way(NamedTuple):
    """A delivery, what its destination is called, and every request that carried it; of an event, the request itself as text."""

    delivery: Delivery
    label: str
    attempts: list[DeliveryAttempt]
    request: str = ""


def of(merchant: Merchant, **what: Any) -> list[Way]:
    """The ways of `event` or of `change`."""
    mine = Delivery.objects.for_merchant(merchant).filter(**what)
    rows = mine.select_related("connection", "bulk_attempt").order_by("pk")
    return [Way(each, _label(each), _attempts(each)) for each in rows]


def with_requests(merchant: Merchant, event: Any, *, at: datetime) -> list[Way]:
    """Those of an event, each with the request that was made, or would be at `at`."""
    mine = Delivery.objects.for_merchant(merchant).filter(event=event)
    taken = []
    for each in mine.select_related("connection", "bulk_attempt").order_by("pk"):
        each.event = event
        each.connection.merchant = merchant
        taken.append(Way(each, _label(each), _attempts(each), showing.request_of(each, at=at)))
    return taken


def _label(delivery: Delivery) -> str:
    return registry.get(delivery.connection.kind).label


def _attempts(delivery: Delivery) -> list[DeliveryAttempt]:
    """Every request that carried it, oldest first; of those in bulk, the last."""
    single = list(delivery.attempt_log.order_by("started_at", "pk"))
    return single + ([delivery.bulk_attempt] if delivery.bulk_attempt else [])
