"""Whether the numbers add up: what was recorded and stored against what became of it, for each merchant and metric.

Only reads, in nine statements however many merchants there are. What belongs together is written in one transaction and compared
in one statement, so no difference is found only because workers are at work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now

from integrations.delivery import claim
from integrations.models import Connection, Delivery, DeliveryAttempt, Event, InboundMessage, Merchant

State, Reason = Delivery.State, Delivery.Reason
CARRIED = Coalesce("event__metric", "change__kind")
"""The kind of a delivery: its event's metric, or what is changed of a profile."""

REASONS: dict[Delivery.State, tuple[Delivery.Reason, ...]] = {
    State.HELD: (Reason.BEFORE_LAUNCH, Reason.NO_IDENTITY, Reason.SCOPE_MISSING, Reason.FOLLOWS),
    State.PENDING: (Reason.NONE,),
    State.SENDING: (Reason.NONE,),
    State.SENT: (Reason.NONE,),
    State.DEAD: (Reason.REJECTED, Reason.EXHAUSTED),
    State.EXPIRED: (Reason.UNCERTAIN,),
    State.SKIPPED: (
        Reason.BEFORE_WINDOW,
        Reason.METRIC_OFF,
        Reason.NO_LONGER_TRUE,
        Reason.NOT_FOLLOWED,
        Reason.NO_IDENTITY,
        Reason.CUSTOMER_ERASED,
        Reason.OPTED_OUT,
        Reason.TOLD_ELSEWHERE,
        Reason.TOO_OLD,
    ),
}
"""The reasons that a delivery in each state may have."""

ENDED = (State.SENT, State.DEAD, State.EXPIRED, State.SKIPPED)

OVERDUE = timedelta(minutes=10)
"""What any worker does at once must have been done by then: the launch of a connection, the recovery of a lane."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """What there is of one kind, by the state it is in. `kind` is a metric's key, or the source of messages."""

    merchant: str
    kind: str
    total: int
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """`count` rows that contradict others. `merchant` is the public id, `kind` "" where requests of any metric are meant."""

    merchant: str
    kind: str
    what: str
    count: int


@dataclass(slots=True)
class Reconciliation:
    """The figures, and what does not add up."""

    events: list[Line] = field(default_factory=list)
    messages: list[Line] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


def reconcile(*, at: datetime, merchant: Merchant | None = None) -> Reconciliation:
    """Count everything, or one merchant's. Only Lease instants are compared with the database's clock instead of `at`."""
    mine = {} if merchant is None else {"merchant": merchant}
    result = Reconciliation()
    deliveries, requests = Delivery.objects.filter(**mine), DeliveryAttempt.objects.filter(**mine)
    _events(result, Event.objects.filter(**mine), deliveries, at=at)
    _messages(result, InboundMessage.objects.filter(**mine))
    for what, contradicting in _contradicting_deliveries(deliveries, at=at).items():
        result.differences += _differences(contradicting, what, CARRIED)
    for what, unequal in _contradicting_requests(requests).items():
        result.differences += _differences(unequal, what, Value(""))
    result.differences.sort(key=lambda each: (each.merchant, each.kind, each.what))
    return result


def report(*, at: datetime) -> None:
    """Count everything and put every difference into the log as an error."""
    for each in reconcile(at=at).differences:
        logger.error("reconcile.difference", merchant=each.merchant, kind=each.kind, what=each.what, count=each.count)


def _events(result: Reconciliation, events: QuerySet[Event], deliveries: QuerySet[Delivery], *, at: datetime) -> None:
    """Every event has a delivery, and every delivery is in one state and complete."""
    lost = events.filter(~Exists(Delivery.objects.filter(event=OuterRef("pk"))))
    result.differences += _differences(lost, "events without a delivery", F("metric"))
    lines = _count(result, deliveries, CARRIED, Delivery.State.values, _incomplete(at=at))
    by_metric = {(line.merchant, line.kind): line.states for line in lines}
    nothing = dict.fromkeys(Delivery.State.values, 0)
    for row in _grouped(events, F("metric")).annotate(count=Count("pk")):
        owner, kind = row["owner"], row["kind"]
        result.events.append(Line(owner, kind, row["count"], by_metric.get((owner, kind), nothing)))


def _incomplete(*, at: datetime) -> dict[str, Q]:
    """What is wrong with a delivery that can be seen on its own row and its connection's."""
    fitting = Q()
    for state, reasons in REASONS.items():
        fitting |= Q(state=state, reason__in=reasons)
    is_known = Q(state__in=list(REASONS))
    has_ended = Q(state__in=ENDED)
    is_held = Q(state=State.HELD)
    return {
        "deliveries in no known state": ~is_known,
        "deliveries whose reason is none of their state's": is_known & ~fitting,
        "deliveries that ended at no instant": has_ended & Q(settled_at=None),
        "open deliveries with the instant of an end": is_known & ~has_ended & Q(settled_at__isnull=False),
        "accepted deliveries without an attempt": Q(state=State.SENT, attempts=0),
        "tried deliveries without the instant of the first attempt": Q(attempts__gt=0, first_attempt_at=None),
        "deliveries held for an identity that they have": is_held & Q(reason=Reason.NO_IDENTITY) & ~Q(identifier=""),
        "deliveries held for a launch that is over": is_held
        & Q(reason=Reason.BEFORE_LAUNCH, connection__launch_at__lt=at - OVERDUE),
    }


def _messages(result: Reconciliation, messages: QuerySet[InboundMessage]) -> None:
    states = InboundMessage.State
    wrong = {
        "messages in no known state": ~Q(state__in=states.values),
        "messages that were handled at no instant": ~Q(state=states.RECEIVED) & Q(handled_at=None),
        "messages that wait for nothing": Q(state=states.WAITING, waits_for=""),
        "messages that do not wait, but for something": ~Q(state=states.WAITING) & ~Q(waits_for=""),
    }
    result.messages += _count(result, messages, F("source"), states.values, wrong)


def _grouped(rows: QuerySet[Any], kind: F | Value | Coalesce) -> QuerySet[Any, dict[str, Any]]:
    return rows.order_by().values(owner=F("merchant__public_id"), kind=kind).order_by("owner", "kind")


def _count(
    result: Reconciliation, rows: QuerySet[Any], kind: F | Coalesce, states: Sequence[str], wrong: Mapping[str, Q]
) -> list[Line]:
    """One statement: rows by merchant, kind and state, and how many of them are `wrong` in which way."""
    counts = {f"is_{state}": Count("pk", filter=Q(state=state)) for state in states}
    counts |= {f"wrong_{number}": Count("pk", filter=condition) for number, condition in enumerate(wrong.values())}
    lines = []
    for row in _grouped(rows, kind).annotate(total=Count("pk"), **counts):
        by_state = {state: row[f"is_{state}"] for state in states}
        lines.append(Line(row["owner"], row["kind"], row["total"], by_state))
        for number, what in enumerate(wrong):
            if count := row[f"wrong_{number}"]:
                result.differences.append(Difference(row["owner"], row["kind"], what, count))
    return lines


def _contradicting_deliveries(deliveries: QuerySet[Delivery], *, at: datetime) -> dict[str, QuerySet[Delivery]]:
    """Deliveries that contradict requests or leases."""
    single = DeliveryAttempt.objects.filter(delivery=OuterRef("pk"))
    sending = deliveries.filter(state=State.SENDING)
    lease = claim.lease_of("connection")
    may_be_served = Q(connection__lane__blocked_until=None) | Q(connection__lane__blocked_until__lt=at - OVERDUE)
    workable = sending.filter(
        may_be_served,
        connection__state=Connection.State.ACTIVE,
        connection__state_since__lt=at - OVERDUE,
        merchant__state=Merchant.State.ACTIVE,
    )
    return {
        "accepted deliveries without a request": deliveries.filter(
            ~Exists(single), state=State.SENT, bulk_attempt=None
        ),
        "deliveries in flight under a claim that was never given": sending.filter(
            ~Exists(lease.filter(epoch__gte=OuterRef("claim")))
        ),
        "deliveries in flight that no worker holds": workable.filter(~Exists(lease.filter(until__gte=Now() - OVERDUE))),
    }


def _contradicting_requests(requests: QuerySet[DeliveryAttempt]) -> dict[str, QuerySet[DeliveryAttempt]]:
    """Requests whose number of events is not what refers to them.

    A bulk request that was not accepted is referred to until its events travel again. One that was accepted is referred to by
    all of its events or, where its worker had lost the lane by then, by none.
    """
    referring = Delivery.objects.filter(bulk_attempt=OuterRef("pk")).order_by().values("bulk_attempt")
    counted = Subquery(referring.annotate(number=Count("pk")).values("number"), output_field=IntegerField())
    bulk = requests.filter(is_bulk=True).annotate(referring=counted)
    is_whole = Q(referring=F("events")) | Q(referring=None)
    single = Q(is_bulk=False)
    return {
        "bulk requests whose number of events is not what refers to them": bulk.filter(
            Q(referring__gt=F("events")) | (Q(outcome="accepted") & ~is_whole)
        ),
        "requests that do not say what they carried": requests.filter(
            (single & (Q(delivery=None) | ~Q(events=1))) | (~single & ~Q(delivery=None)) | Q(events=0)
        ),
    }


def _differences(rows: QuerySet[Any], what: str, kind: F | Value | Coalesce) -> Iterator[Difference]:
    for row in _grouped(rows, kind).annotate(count=Count("pk")):
        yield Difference(row["owner"], row["kind"], what, row["count"])
