"""The history: the only writer of Event and Delivery rows at the moment something happens.

`announce` runs inside the transaction that changes the domain, so that a change and the events that tell of it are committed
together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import connection as database
from django.db.models import Q, QuerySet

from integrations import feed, followed, wake
from integrations.catalog import Draft, Fact, Metric, bounded_identity, catalog
from integrations.models import Connection, Customer, Delivery, Event, Merchant
from integrations.statements import insert_new


class OutsideTransaction(RuntimeError):
    """History was to be written outside a transaction: the change and its event could part."""


def announce(*facts: Fact, at: datetime) -> list[Event]:
    """Record the events of `facts` and line up their deliveries; returns those that were new.

    An event is recorded for every metric that the merchant has turned on. The same fact announced again changes nothing.
    `at` is when we learnt of it. Raises `LookupError` for a fact that no metric is declared on, and `OutsideTransaction`.
    """
    if not database.in_atomic_block:
        raise OutsideTransaction("announce() belongs in the transaction of the change that it tells of")
    merchants = {fact.merchant.pk: fact.merchant for fact in facts}
    connections = {pk: list(merchant.connections.all()) for pk, merchant in merchants.items()}
    drafted = [pair for fact in facts for pair in _drafts(fact, connections[fact.merchant.pk], at=at)]
    if drafted:
        feed.leave_mark()
    new = insert_new([event for event, _ in drafted], identity=("merchant", "metric", "unique_id"))
    recorded = {id(event) for event in new}
    deliveries = [
        delivery
        for event, fact in drafted
        if id(event) in recorded
        for delivery in _deliveries(event, fact, connections[fact.merchant.pk])
    ]
    Delivery.objects.bulk_create(deliveries)
    _look_ahead(deliveries, merchants, at=at)
    if any(delivery.state == Delivery.State.PENDING for delivery in deliveries):
        wake.after_commit(wake.DELIVER)
    return new


def _look_ahead(deliveries: Sequence[Delivery], merchants: Mapping[int, Merchant], *, at: datetime) -> None:
    """Let go those of events that follow another which was accepted."""
    waiting: dict[int, list[Delivery]] = {}
    for delivery in deliveries:
        if delivery.reason == Delivery.Reason.FOLLOWS:
            waiting.setdefault(delivery.merchant_id, []).append(delivery)
    for merchant, mine in waiting.items():
        followed.look(merchants[merchant], mine, at=at)


def _drafts(fact: Fact, connections: Sequence[Connection], *, at: datetime) -> Iterable[tuple[Event, Fact]]:
    enabled = {key for connection in connections for key in connection.enabled_metrics}
    for metric in catalog.built_from(fact):
        if metric.key in enabled and metric.applies(fact):
            draft = metric.draft(fact)
            yield _event(metric, fact, draft, fact.customer, at=at), fact
            for customer, since in fact.followers if metric.tells_followers else ():
                if since <= draft.occurred_at:
                    own = replace(draft, unique_id=bounded_identity(f"{draft.unique_id}:for:{customer.pk}"))
                    yield _event(metric, fact, own, customer, at=at), fact


def _event(metric: Metric[Fact], fact: Fact, draft: Draft, customer: Customer | None, *, at: datetime) -> Event:
    """What happens to somebody who was erased counts, and says nothing more."""
    return Event(
        merchant=fact.merchant,
        metric=metric.key,
        metric_name=metric.name_for(fact.merchant),
        customer=customer,
        unique_id=draft.unique_id,
        subject=fact.subject,
        order_number=fact.order_number,
        tracking_number=fact.tracking_number,
        occurred_at=draft.occurred_at,
        recorded_at=at,
        fresh_until=draft.fresh_until,
        value=draft.value,
        value_currency=draft.value_currency,
        properties={} if _is_erased(customer) else draft.properties,
    )


def _deliveries(event: Event, fact: Fact, connections: Sequence[Connection]) -> Iterable[Delivery]:
    metric = catalog[event.metric]
    window_at = fact.subject_at if metric.launch_from_subject else event.occurred_at
    identifier = identifier_of(event.customer)
    for connection in connections:
        if event.metric in connection.enabled_metrics:
            state, reason, is_backfill = admission(
                connection,
                window_at,
                event.occurred_at,
                bool(identifier),
                is_history=fact.is_history,
                at=event.recorded_at,
            )
            if _is_erased(event.customer):
                state, reason = Delivery.State.SKIPPED, Delivery.Reason.CUSTOMER_ERASED
            elif metric.follows and state == Delivery.State.PENDING:
                state, reason = Delivery.State.HELD, Delivery.Reason.FOLLOWS
            yield Delivery(
                merchant=fact.merchant,
                event=event,
                connection=connection,
                subject=fact.subject,
                state=state,
                reason=reason,
                is_backfill=is_backfill,
                is_history=fact.is_history,
                identifier=identifier,
                not_before=event.recorded_at,
                window_at=window_at,
                created_at=event.recorded_at,
                settled_at=event.recorded_at if state == Delivery.State.SKIPPED else None,
            )


def _is_erased(customer: Customer | None) -> bool:
    return customer is not None and customer.status == Customer.Status.ERASED


def identifier_of(customer: Customer | None) -> str:
    """By what a destination knows the shopper: the e-mail address, else the phone number, else nothing."""
    return (customer.email or customer.phone) if customer else ""


def admission(
    connection: Connection,
    window_at: datetime,
    occurred_at: datetime,
    has_identity: bool,
    *,
    is_history: bool = False,
    at: datetime,
) -> tuple[Delivery.State, Delivery.Reason, bool]:
    """A new delivery's (state, reason, whether it goes as backfill) by the connection's launch.

    Older than the launch window: not sent. Before the launch: held. What happened before the launch goes as backfill. History
    that was asked for has no window, and goes as backfill always.
    """
    if window_at < connection.window_start and not is_history:
        return Delivery.State.SKIPPED, Delivery.Reason.BEFORE_WINDOW, False
    is_backfill = is_history or occurred_at < connection.launch_at
    if at < connection.launch_at:
        return Delivery.State.HELD, Delivery.Reason.BEFORE_LAUNCH, is_backfill
    if not has_identity:
        return Delivery.State.HELD, Delivery.Reason.NO_IDENTITY, is_backfill
    return Delivery.State.PENDING, Delivery.Reason.NONE, is_backfill


def identify(merchant: Merchant, subject: str, customer: Customer, *, at: datetime) -> int:
    """Give the events of `subject` that have no shopper one, and let them go; returns how many deliveries were let go.

    Those of somebody who was erased go nowhere: they are emptied with the rest of what is theirs.
    """
    anonymous = Event.objects.for_merchant(merchant).filter(subject=subject, customer=None)
    ids = list(anonymous.values_list("pk", flat=True))
    if not ids:
        return 0
    Event.objects.for_merchant(merchant).filter(pk__in=ids).update(customer=customer)
    if _is_erased(customer):
        return 0
    return release(Delivery.objects.for_merchant(merchant).filter(event__in=ids), identifier_of(customer), at=at)


def release(deliveries: QuerySet[Delivery], identifier: str, *, at: datetime) -> int:
    """Give an identity to deliveries that are held without one; returns how many may go.

    Each is judged anew by its connection's launch, and skipped where its event is older than the freshness limit, unless it is
    history that was asked for.
    """
    held = deliveries.filter(state=Delivery.State.HELD, identifier="")
    released = 0
    for connection in Connection.objects.filter(pk__in=held.values("connection")):
        mine = held.filter(connection=connection)
        oldest = at - connection.freshness
        news = mine.filter(is_history=False)
        news.filter(event__occurred_at__lt=oldest, reason=Delivery.Reason.NO_IDENTITY).update(
            state=Delivery.State.SKIPPED, settled_at=at
        )
        news.filter(window_at__lt=connection.window_start).update(
            state=Delivery.State.SKIPPED, reason=Delivery.Reason.BEFORE_WINDOW, settled_at=at
        )
        if at < connection.launch_at:
            mine.update(identifier=identifier, reason=Delivery.Reason.BEFORE_LAUNCH)
            continue
        go = {
            "state": Delivery.State.PENDING,
            "reason": Delivery.Reason.NONE,
            "not_before": at,
            "identifier": identifier,
        }
        is_past = Q(is_history=True) | Q(event__occurred_at__lt=connection.launch_at)
        released += mine.filter(is_past).update(is_backfill=True, **go)
        released += mine.update(is_backfill=False, **go)
    if released:
        wake.after_commit(wake.DELIVER)
    return released
