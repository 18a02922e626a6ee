"""Finding lanes with work, and claiming deliveries for a worker: by state, never by a remembered position.

A claim is committed before any request is made: it counts the attempt and marks the row with the epoch of the lane's lease. Who
finds a row in flight under an older epoch knows that its worker died, and that its request may have arrived.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce, Concat, Now

from integrations.models import Connection, Delivery, Lease, Merchant
from integrations.statements import Among

LANE_LEASE = "lane:"
"""Begins the key of a lane's lease; its connection's primary key follows."""

BARRIER = timedelta(minutes=15)
"""An event that failed holds back later events of the same subject for this long, then they may pass."""


class Claimed(NamedTuple):
    """A delivery in a worker's hands, with all of its event and customer that sending needs."""

    id: int
    first_attempt_at: datetime
    occurred_at: datetime
    fresh_until: datetime | None
    subject: str
    attempts: int
    is_ambiguous: bool
    is_backfill: bool
    identifier: str
    metric: str
    metric_name: str
    unique_id: str
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
    """Connections that may send now, whose lane no worker holds, and that have something due or left in flight by a dead worker.

    Least recently served first, so that no merchant waits for another's backlog. `busy` are connections to leave out. Each is
    annotated with `has_in_flight`: whether something of it is marked as in flight, and with `has_changes`: whether changes of
    profiles are due.
    """
    mine = Delivery.objects.filter(connection=OuterRef("pk"))
    due = mine.filter(state=Delivery.State.PENDING, not_before__lte=at)
    in_flight = mine.filter(state=Delivery.State.SENDING)
    held = lease_of("pk").filter(until__gt=Now())
    lanes = Connection.objects.annotate(
        has_in_flight=Exists(in_flight), has_changes=Exists(due.filter(change__isnull=False))
    ).filter(
        ~Exists(held),
        Q(lane__blocked_until=None) | Q(lane__blocked_until__lte=at),
        Exists(due) | Q(has_in_flight=True),
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


def lease_of(connection: str) -> QuerySet[Lease]:
    """For a subquery: the lease of the lane of the connection whose key stands in that field of the outer query."""
    return Lease.objects.filter(key=Concat(Value(LANE_LEASE), Cast(OuterRef(connection), TextField())))


def recover(connection: Connection, epoch: int, *, at: datetime) -> int:
    """Take back what earlier holders of the lane left in flight: it may have arrived, so it travels singly from now on."""
    orphans = Delivery.objects.filter(connection=connection, state=Delivery.State.SENDING, claim__lt=epoch)
    return orphans.update(state=Delivery.State.PENDING, is_ambiguous=True, not_before=at)


_DUE = """
SELECT waiting.id FROM integrations_delivery AS waiting
WHERE waiting.connection_id = %s AND waiting.state = 'pending' AND waiting.not_before <= %s
AND waiting.change_id IS NULL AND COALESCE((
    SELECT 1 FROM integrations_delivery AS failed
    WHERE failed.connection_id = waiting.connection_id AND failed.subject = waiting.subject AND failed.id < waiting.id
    AND waiting.subject <> '' AND failed.state = 'pending' AND failed.attempts > 0 AND failed.first_attempt_at > %s
    LIMIT 1
), 0) <> 1 AND (NOT EXISTS (
    SELECT 1 FROM integrations_delivery AS any_change
    WHERE any_change.connection_id = %s AND any_change.change_id IS NOT NULL AND any_change.state IN ('pending', 'sending')
) OR COALESCE((
    SELECT 1 FROM integrations_delivery AS change
    WHERE change.connection_id = waiting.connection_id AND change.identifier = waiting.identifier
    AND change.change_id IS NOT NULL AND change.state IN ('pending', 'sending') AND (change.id < waiting.id OR EXISTS (
        SELECT 1 FROM integrations_profilechange AS told WHERE told.id = change.change_id AND told.kind = 'suppress'
    ))
    LIMIT 1
), 0) <> 1)
ORDER BY waiting.not_before, waiting.id
LIMIT %s
"""
"""Events of a connection whose time has come, oldest first, less those held back by an earlier one of their subject that failed
lately, or by an earlier change of their shopper's profile that is not settled. A suppression holds back the earlier events, too:
nothing is told of somebody who is not to be mailed before it is. What is in flight is in the hands of the lane's
holder, who keeps the order there.

Whether there is any open change is asked once: where there is none, which is nearly always, no row is looked at for it. A scalar
subquery and not EXISTS: it is looked up on the index for each row, and never turned into a join, whose cost is the
product of what waits and what failed where the planner expects little of either. And `<> 1`, of which the planner expects that
nearly every row passes: it then walks the index in order and stops at the limit, however much waits behind it.
"""


def take(connection: Connection, epoch: int, *, most: int, at: datetime) -> list[Claimed]:
    """Claim up to `most` of what is due, oldest first. It is committed when this returns, and no network is touched."""
    now, barrier = database.ops.adapt_datetimefield_value(at), database.ops.adapt_datetimefield_value(at - BARRIER)
    due = [connection.pk, now, barrier, connection.pk, most]
    with transaction.atomic():
        if database.vendor == "postgresql":
            return _take_at_once(due, epoch, at=at)
        return _take_in_two(due, epoch, at=at)


_TAKE = f"""
UPDATE integrations_delivery AS mine
SET state = 'sending', claim = %s, attempts = mine.attempts + 1, first_attempt_at = COALESCE(mine.first_attempt_at, %s)
FROM integrations_event AS event LEFT JOIN integrations_customer AS customer ON customer.id = event.customer_id
WHERE mine.id = ANY(ARRAY({_DUE} FOR UPDATE SKIP LOCKED)) AND event.id = mine.event_id
RETURNING
    EXTRACT(EPOCH FROM mine.not_before)::float8, mine.id, EXTRACT(EPOCH FROM mine.first_attempt_at)::float8,
    EXTRACT(EPOCH FROM event.occurred_at)::float8, EXTRACT(EPOCH FROM event.fresh_until)::float8,
    mine.subject, mine.attempts, mine.is_ambiguous, mine.is_backfill, mine.identifier,
    event.metric, event.metric_name, event.unique_id, event.value, event.value_currency, event.customer_id,
    customer.first_name, customer.last_name, customer.company, event.properties::text
"""  # noqa: S608  # ours alone
"""Claims and reads at once. The keys are an array, so that rows are looked up by key whatever the planner believes of a table
that fills and empties all day. Instants come as seconds, which are read ten times quicker than timestamps.
"""


def _take_at_once(due: Sequence[Any], epoch: int, *, at: datetime) -> list[Claimed]:
    with database.cursor() as cursor:
        cursor.execute(_TAKE, [epoch, at, *due])
        rows = sorted(cursor.fetchall())
    return [
        Claimed(key, _instant(first), _instant(occurred), None if fresh is None else _instant(fresh), *rest)
        for _, key, first, occurred, fresh, *rest in rows
    ]


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _take_in_two(due: Sequence[Any], epoch: int, *, at: datetime) -> list[Claimed]:
    """For a database that has one writer at a time, and returns nothing of the tables that it joins."""
    fields = (
        "id",
        Coalesce("first_attempt_at", at),
        "event__occurred_at",
        "event__fresh_until",
        "subject",
        F("attempts") + 1,
        "is_ambiguous",
        "is_backfill",
        "identifier",
        "event__metric",
        "event__metric_name",
        "event__unique_id",
        "event__value",
        "event__value_currency",
        "event__customer_id",
        "event__customer__first_name",
        "event__customer__last_name",
        "event__customer__company",
        Cast("event__properties", TextField()),
    )
    deliveries = Delivery.objects.filter(pk__in=RawSQL(_DUE, due)).order_by("not_before", "id")  # noqa: S611
    rows: list[tuple[Any, ...]] = list(deliveries.values_list(*fields))
    Delivery.objects.filter(Among(F("pk"), [row[0] for row in rows])).update(
        state=Delivery.State.SENDING,
        claim=epoch,
        attempts=F("attempts") + 1,
        first_attempt_at=Coalesce("first_attempt_at", at),
    )
    return [Claimed(*row) for row in rows]
