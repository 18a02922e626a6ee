"""Why, or why not: everything that is known of an order, and what became of it, in plain words and in order.

What came in, what was recorded, and what was sent are the history's. What happened in the domain, and for which happening there
is no event and why, domain apps tell: they register a `Teller`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Q

from integrations import search, sources
from integrations.catalog import catalog
from integrations.models import Delivery, DeliveryAttempt, Event, InboundMessage, Merchant, ProfileChange

State, Reason = Delivery.State, Delivery.Reason
MOST = 300
"""Rows of each kind that one timeline shows, the newest."""

MOST_ORDERS = 20
"""Orders of a shopper that one timeline shows, the newest."""

IMPORT_LAG = timedelta(minutes=10)
"""An event that is recorded this much later than it happened is said to have come late."""


class Kind(StrEnum):
    """What an entry tells of."""

    MESSAGE = "message"
    ORDER = "order"
    SCAN = "scan"
    EVENT = "event"
    DELIVERY = "delivery"
    PROFILE = "profile"
    NO_EVENT = "no_event"
    AWAITED = "awaited"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, or did not, at an instant, and the reason in `detail`. `tone` is good, warn, bad, info or plain.

    `event` is the primary key of the event that it is about. `about` tells it apart from others with its title: a parcel, an
    item. `answer` is what Klaviyo said. `reason` says in one word for programs why something was not told or not sent, or how:
    a delivery's own, or one of `REASONS`.
    """

    at: datetime
    title: str
    detail: str = ""
    tone: str = "plain"
    event: int | None = None
    about: str = ""
    answer: str = ""
    kind: Kind = field(kw_only=True)
    reason: str = ""


REASONS = (
    "backfill",
    "connection_paused",
    "message_failed",
    "tried_again",
    "test_order",
    "scan_unknown",
    "scan_repeated",
    "scan_out_of_order",
    "not_billed",
    "not_completed",
)
"""Reasons beside those of deliveries."""


@dataclass(frozen=True, slots=True)
class About:
    """What a timeline is about: orders by their numbers, their parcels' tracking numbers, shoppers by their primary keys."""

    orders: tuple[str, ...] = ()
    parcels: tuple[str, ...] = ()
    customers: tuple[int, ...] = ()


def about_term(merchant: Merchant, term: str) -> About:
    """What a word names: a shopper by e-mail address or phone number, an order by its number or that of a parcel."""
    people = search.customers(merchant, term)
    if people:
        return about_customers(merchant, people)
    by_parcel = about_parcel(merchant, term)
    spellings = by_parcel.parcels
    return About((*by_parcel.orders, *(each for each in spellings if each not in by_parcel.orders)), spellings)


def about_customers(merchant: Merchant, keys: Sequence[int]) -> About:
    """Shoppers, and the newest of their orders."""
    mine = Event.objects.for_merchant(merchant).filter(customer__in=keys).exclude(order_number="")
    numbers = mine.order_by("-id").values_list("order_number", flat=True)
    return About(tuple(dict.fromkeys(numbers[:MOST_ORDERS])), customers=tuple(keys))


def about_parcel(merchant: Merchant, number: str) -> About:
    """A parcel by its tracking number, and the order that it belongs to."""
    spellings = search.variants(number)
    mine = Event.objects.for_merchant(merchant).filter(tracking_number__in=spellings).exclude(tracking_number="")
    orders = mine.exclude(order_number="").values_list("order_number", flat=True)
    return About(tuple(dict.fromkeys(orders[:MOST_ORDERS])), tuple(spellings))


def about_order(number: str) -> About:
    """An order by its number, however it is written."""
    return About(tuple(search.variants(number)))


Teller = Callable[[Merchant, About], Iterable[Entry]]
_tellers: list[Teller] = []


def register(teller: Teller) -> Teller:
    """Add what a domain app has to tell."""
    _tellers.append(teller)
    return teller


def tell(merchant: Merchant, about: About) -> list[Entry]:
    """The timeline, oldest first: a handful of statements, however much happened."""
    meant = Q(order_number__in=about.orders) & ~Q(order_number="")
    if about.customers:
        meant |= Q(customer__in=about.customers)
    mine = Event.objects.for_merchant(merchant).filter(meant)
    events = {each.pk: each for each in reversed(list(mine.order_by("-id")[:MOST]))}
    parcels = {each.tracking_number for each in events.values() if each.tracking_number}
    people = {*about.customers, *(each.customer_id for each in events.values() if each.customer_id)}
    entries = [
        *_messages(merchant, {*about.orders, *about.parcels, *parcels}),
        *_events(merchant, events),
        *_changes(merchant, people),
    ]
    for teller in _tellers:
        entries += teller(merchant, about)
    return sorted(entries, key=lambda each: each.at)


def _messages(merchant: Merchant, references: Collection[str]) -> Iterator[Entry]:
    rows = InboundMessage.objects.for_merchant(merchant).filter(reference__in=references)
    told = rows.order_by("-id").values_list("source", "topic", "state", "note", "received_at")[:MOST]
    for source, topic, state, note, received_at in told:
        failed = state == InboundMessage.State.FAILED
        yield Entry(
            received_at,
            f"{sources.get(source).label} told us: {topic}",
            note,
            tone="bad" if failed else "plain",
            kind=Kind.MESSAGE,
            reason="message_failed" if failed else "",
        )


def _events(merchant: Merchant, events: Mapping[int, Event]) -> Iterator[Entry]:
    deliveries = list(
        Delivery.objects.for_merchant(merchant).filter(event__in=events).select_related("connection", "bulk_attempt")
    )
    tried = _attempts(merchant, deliveries)
    delivered = {each.event_id for each in deliveries}
    for event in events.values():
        late = event.recorded_at - event.occurred_at > IMPORT_LAG
        detail = f"We learnt of it {in_words(event.recorded_at - event.occurred_at)} later." if late else ""
        if event.pk not in delivered:
            detail = f"{detail} No account was connected for it.".strip()
        yield Entry(
            event.occurred_at,
            f"Recorded: {event.metric_name}",
            detail,
            "info",
            event.pk,
            _about(event),
            kind=Kind.EVENT,
        )
    for delivery in deliveries:
        yield _outcome(events[delivery.event_id or 0], delivery, tried.get(delivery.pk, []))


def _changes(merchant: Merchant, people: Collection[int]) -> Iterator[Entry]:
    """What was to be changed of the shoppers' profiles, and what became of it."""
    changes = ProfileChange.objects.for_merchant(merchant).filter(customer__in=people)
    keys = list(changes.order_by("-id").values_list("id", flat=True)[:MOST]) if people else []
    if not keys:
        return
    mine = Delivery.objects.for_merchant(merchant).filter(change__in=keys)
    deliveries = list(mine.select_related("change", "connection", "bulk_attempt"))
    tried = _attempts(merchant, deliveries)
    for delivery in deliveries:
        yield _outcome(None, delivery, tried.get(delivery.pk, []))


def _attempts(merchant: Merchant, deliveries: list[Delivery]) -> dict[int, list[DeliveryAttempt]]:
    """The single requests of each delivery, oldest first, and the last request that carried it among others."""
    found: dict[int, list[DeliveryAttempt]] = {}
    singles = DeliveryAttempt.objects.for_merchant(merchant).filter(delivery__in=[each.pk for each in deliveries])
    for attempt in singles.order_by("started_at", "id"):
        found.setdefault(attempt.delivery_id or 0, []).append(attempt)
    for delivery in deliveries:
        if delivery.bulk_attempt:
            found.setdefault(delivery.pk, []).append(delivery.bulk_attempt)
    return found


def _about(event: Event) -> str:
    """What tells an event apart from the others of its metric: the properties that the metric names, and the parcel."""
    metric = catalog.metrics.get(event.metric)
    told = [
        str(event.properties[name]) for name in (metric.told_apart_by if metric else ()) if name in event.properties
    ]
    return ", ".join([*told, event.tracking_number] if event.tracking_number else told)


def in_words(span: timedelta) -> str:
    """A span as people say it: 52 minutes, 2 hours 5 minutes, 3 days."""
    minutes = int(span.total_seconds() // 60)
    days, hours = minutes // 1_440, minutes // 60
    if days > 1:
        return f"{days} days"
    parts = [(hours, "hour"), (minutes % 60, "minute")]
    return " ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in parts if count) or "a moment"


WORDS = {
    Reason.BEFORE_LAUNCH: "It waits for the launch date.",
    Reason.NO_IDENTITY: "The shopper has no e-mail address and no phone number, so Klaviyo could not know whom it is about.",
    Reason.BEFORE_WINDOW: "It is older than the days before the launch that are sent.",
    Reason.METRIC_OFF: "The metric was turned off before it could be sent.",
    Reason.NO_LONGER_TRUE: "When it was to be sent it was no longer true, so nobody was told.",
    Reason.TOLD_ELSEWHERE: "The same is told by another metric, so that nobody hears of it twice.",
    Reason.FOLLOWS: "It waits until the event that it follows, of the same order, is accepted: look how that one stands.",
    Reason.NOT_FOLLOWED: "The event that it follows, of the same order, was not sent, so this one is not either.",
    Reason.REJECTED: "Klaviyo refused it.",
    Reason.EXHAUSTED: "Every attempt failed.",
    Reason.UNCERTAIN: "A request with it may have arrived; a person decides whether to send it again.",
    Reason.CUSTOMER_ERASED: "The shopper's data was erased.",
    Reason.OPTED_OUT: "The shopper opted out after they had consented. An opt-out is never undone.",
    Reason.TOO_OLD: "It was too old to start anything, and nothing is recorded there without starting something.",
    Reason.SCOPE_MISSING: "The key may not do this. It goes as soon as a key that may is entered or checked.",
}
"""Why a delivery is where it is, for people."""


def _outcome(event: Event | None, delivery: Delivery, attempts: list[DeliveryAttempt]) -> Entry:
    """What became of one event, or of the change of a profile, in one sentence, and what Klaviyo answered."""
    last = max(attempts, key=lambda each: each.started_at) if attempts else None
    at = delivery.settled_at or (last.started_at if last else delivery.created_at)
    title, detail, tone = _ended(event, delivery)
    return Entry(
        at,
        f"{title}: {event.metric_name if event else delivery.change}",
        detail,
        tone,
        event.pk if event else None,
        _about(event) if event else "",
        _answer(attempts, last),
        kind=Kind.DELIVERY if event else Kind.PROFILE,
        reason=_reason(delivery),
    )


def _reason(delivery: Delivery) -> str:
    """Why it stands as it does, in one word for programs."""
    if delivery.state == State.SENT:
        return "backfill" if delivery.is_backfill else delivery.reason
    return delivery.reason or (_waiting(delivery)[1] if delivery.state in (State.PENDING, State.SENDING) else "")


def _ended(event: Event | None, delivery: Delivery) -> tuple[str, str, str]:
    """How it stands, why, and the tone in which that is said."""
    reason = WORDS.get(Reason(delivery.reason), "")
    match delivery.state:
        case State.SENT if event and delivery.is_backfill:
            return "Sent without starting flows", f"{_why_backfill(event, delivery)} Klaviyo recorded it.", "warn"
        case State.SENT:
            return "Sent", "Klaviyo accepted it.", "good"
        case State.SKIPPED:
            return "Not sent", reason, "warn"
        case State.HELD:
            return "Held", reason, "warn"
        case State.DEAD | State.EXPIRED:
            return "Failed", f"{reason} {delivery.error}".strip(), "bad"
        case _:
            return "Waits to be sent", _waiting(delivery)[0], "info"


def _why_backfill(event: Event, delivery: Delivery) -> str:
    if event.occurred_at < delivery.connection.launch_at:
        return "It is from before the launch."
    if event.fresh_until and delivery.settled_at and delivery.settled_at > event.fresh_until:
        return "It was no longer news when it was sent."
    return f"It was older than {delivery.connection.freshness_hours} hours when it was sent."


def _waiting(delivery: Delivery) -> tuple[str, str]:
    """Why it waits, for people, and in one word for programs."""
    connection = delivery.connection
    if connection.state != connection.State.ACTIVE:
        text = f"The connection is {connection.get_state_display().lower()}. Nothing is lost meanwhile."
        return text, "connection_paused"
    if delivery.error:
        return f"The last attempt failed: {delivery.error} It is tried again.", "tried_again"
    return "It is its turn soon.", ""


def _answer(attempts: list[DeliveryAttempt], last: DeliveryAttempt | None) -> str:
    if last is None:
        return ""
    status = f"status {last.status}" if last.status else "no answer"
    request = f", request {last.request_id}" if last.request_id else ""
    count = f" after {len(attempts)} requests" if len(attempts) > 1 else ""
    return f"{status}{request}{count}"
