"""Finding lanes with work, and claiming deliveries for a worker: by state, never by a remembered position.

A claim is committed before any request is made: it counts the attempt and marks the row with the epoch of the lane's lease. Who
finds a row in flight under an older epoch knows that its worker died, and that its request may have arrived.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast, Coalesce

from integrations.models import Connection, Delivery, Merchant

BARRIER = timedelta(minutes=15)
"""An event that failed holds back later events of the same subject for this long, then they may pass."""

FETCH = (
    "id",
    "attempts",
    "is_ambiguous",
    "is_backfill",
    "identifier",
    "first_attempt_at",
    "event__metric",
    "event__metric_name",
    "event__unique_id",
    "event__occurred_at",
    "event__fresh_until",
    "event__value",
    "event__value_currency",
    "event__customer_id",
    "event__customer__first_name",
    "event__customer__last_name",
    "event__customer__company",
    "properties",
)


@dataclass(slots=True)
class Claimed:
    """A delivery in a worker's hands, with all of its event and customer that sending needs."""

    id: int
    attempts: int
    is_ambiguous: bool
    is_backfill: bool
    identifier: str
    first_attempt_at: datetime | None
    metric: str
    metric_name: str
    unique_id: str
    occurred_at: datetime
    fresh_until: datetime | None
    value: Decimal | None
    value_currency: str
    customer_id: int | None
    first_name: str | None
    last_name: str | None
    company: str | None
    properties: str


def lanes_with_work(
    *, at: datetime, busy: Collection[int] = (), merchant: Merchant | None = None
) -> QuerySet[Connection]:
    """Connections that may send now and have something due, or something that a dead worker left in flight.

    Least recently served first, so that no merchant waits for another's backlog. `busy` are connections to leave out.
    """
    mine = Delivery.objects.filter(connection=OuterRef("pk"))
    due = mine.filter(state=Delivery.State.PENDING, not_before__lte=at)
    in_flight = mine.filter(state=Delivery.State.SENDING)
    lanes = Connection.objects.filter(
        Q(lane__blocked_until=None) | Q(lane__blocked_until__lte=at),
        Exists(due) | Exists(in_flight),
        state=Connection.State.ACTIVE,
        merchant__state=Merchant.State.ACTIVE,
        launch_at__lte=at,
    )
    if merchant is not None:
        lanes = lanes.filter(merchant=merchant)
    return (
        lanes.exclude(pk__in=busy)
        .select_related("lane", "merchant")
        .order_by(F("lane__served_at").asc(nulls_first=True), "pk")
    )


def recover(connection: Connection, epoch: int, *, at: datetime) -> int:
    """Take back what earlier holders of the lane left in flight: it may have arrived, so it travels singly from now on."""
    orphans = Delivery.objects.filter(connection=connection, state=Delivery.State.SENDING, claim__lt=epoch)
    return orphans.update(state=Delivery.State.PENDING, is_ambiguous=True, not_before=at)


def due(connection: Connection, *, at: datetime) -> QuerySet[Delivery]:
    """Deliveries of a connection whose time has come, oldest first, less those held back by an earlier one of their subject
    that was tried and is not settled yet.
    """
    tried_before = Delivery.objects.filter(
        connection=OuterRef("connection"),
        settled_at=None,
        attempts__gt=0,
        state__in=[Delivery.State.PENDING, Delivery.State.SENDING],
        first_attempt_at__gt=at - BARRIER,
        event__subject=OuterRef("event__subject"),
        id__lt=OuterRef("id"),
    )
    return Delivery.objects.filter(
        ~Exists(tried_before), connection=connection, state=Delivery.State.PENDING, not_before__lte=at
    ).order_by("not_before", "id")


def take(connection: Connection, epoch: int, *, most: int, bulk_over: int, at: datetime) -> tuple[list[Claimed], bool]:
    """Claim what is due: (deliveries, whether they go in bulk).

    Up to `most` are looked at. More than `bulk_over` that were never in doubt go in bulk; otherwise up to `bulk_over` of
    all go singly. Two statements, one transaction, no network.
    """
    with transaction.atomic():
        rows = [Claimed(*row) for row in _locked(due(connection, at=at))[:most]]
        certain = [row for row in rows if not row.is_ambiguous]
        in_bulk = len(certain) > bulk_over
        chosen = certain if in_bulk else rows[:bulk_over]
        _mark(chosen, epoch, at=at)
    return chosen, in_bulk


def _locked(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery, tuple[Any, ...]]:
    if database.features.has_select_for_update_skip_locked:
        deliveries = deliveries.select_for_update(skip_locked=True, of=("self",))
    return deliveries.annotate(properties=Cast("event__properties", TextField())).values_list(*FETCH)


def _mark(chosen: Sequence[Claimed], epoch: int, *, at: datetime) -> None:
    Delivery.objects.filter(pk__in=[row.id for row in chosen]).update(
        state=Delivery.State.SENDING,
        claim=epoch,
        attempts=F("attempts") + 1,
        first_attempt_at=Coalesce("first_attempt_at", at),
    )
    for row in chosen:
        row.attempts += 1
        row.first_attempt_at = row.first_attempt_at or at
