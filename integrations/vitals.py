"""How merchants fare, at a glance: a fixed number of queries however many merchants there are, each on an index.

Counts stop at a limit: beyond it the exact figure says nothing, and counting a million rows would take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    DateTimeField,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from integrations import disclosure, removal, ticks
from integrations.destinations import registry
from integrations.health import HEARTBEAT_OLDEST
from integrations.models import Connection, Delivery, Event, InboundMessage, Merchant

COUNTED_UP_TO = 10_000
DAY = timedelta(hours=24)
LATE_AFTER = timedelta(minutes=10)
"""A delivery that waits longer than this deserves a look."""

HAS_FAILED = RawSQL("state IN ('dead', 'expired')", (), output_field=BooleanField())
"""The condition of the index `delivery_failed`, word for word: SQLite takes up the index for no other wording of it."""


class CappedCount(Subquery):
    """Rows of a correlated queryset, counted up to its slice."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


class Earliest(Subquery):
    """The earliest `created_at` of a correlated, sliced queryset."""

    template = "(SELECT MIN(created_at) FROM (%(subquery)s) waiting)"
    output_field = DateTimeField()


def with_vitals(merchants: QuerySet[Merchant], *, at: datetime) -> QuerySet[Merchant]:
    """`merchants` with `last_in_at`, `last_sent_at`, `backlog`, `oldest_waiting_at`, `failed_lately`, `data_asked_at` and their
    connections.

    `data_asked_at` is when the oldest shopper asked who waits for their data. `failed_lately` counts the last 24 hours and stops
    at `COUNTED_UP_TO` + 1, `backlog` does so for each connection.
    """
    messages = InboundMessage.objects.filter(merchant=OuterRef("pk"))
    failed = Delivery.objects.filter(HAS_FAILED, merchant=OuterRef("pk"), settled_at__gte=at - DAY)
    mine = _of_each_connection()
    connections = Connection.objects.select_related("lane").defer("secret").order_by("pk")
    return merchants.annotate(
        last_in_at=Subquery(messages.order_by("-received_at", "-pk").values("received_at")[:1]),
        last_sent_at=Subquery(mine.order_by(F("last_sent").desc(nulls_last=True)).values("last_sent")[:1]),
        backlog=Coalesce(Subquery(mine.values("merchant").annotate(total=Sum("waiting")).values("total")), 0),
        oldest_waiting_at=Subquery(mine.order_by(F("oldest").asc(nulls_last=True)).values("oldest")[:1]),
        failed_lately=CappedCount(failed.values("pk")[: COUNTED_UP_TO + 1]),
        data_asked_at=Subquery(disclosure.open_requests(OuterRef("pk")).values("asked_at")[:1]),
    ).prefetch_related(Prefetch("connections", connections))


def _of_each_connection() -> QuerySet[Any]:
    """A merchant's connections with `last_sent`, `waiting` and `oldest`: each found at an end of its own index."""
    deliveries = Delivery.objects.filter(connection=OuterRef("pk"))
    waiting = deliveries.filter(state=Delivery.State.PENDING).order_by("not_before", "pk")
    sent = deliveries.filter(state=Delivery.State.SENT).order_by("-settled_at")
    most = COUNTED_UP_TO + 1
    return (
        Connection.objects.filter(merchant=OuterRef("pk"))
        .order_by()
        .annotate(
            last_sent=Subquery(sent.values("settled_at")[:1]),
            waiting=CappedCount(waiting.values("pk")[:most]),
            oldest=Earliest(waiting.values("created_at")[:most]),
        )
    )


def of(merchant: Merchant, *, at: datetime) -> Any:
    """One merchant anew, with its vitals: two statements. For `concerns`."""
    return with_vitals(Merchant.objects.filter(pk=merchant.pk), at=at).get()


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that is wrong with a merchant. What is urgent needs a person; the rest may settle by itself.

    `advice` says what to do about it.
    """

    text: str
    is_urgent: bool = False
    advice: str = ""


ASK = "Ask your contact at Tidings."
HAND_OVER = "Fetch it by the API or ask your contact at Tidings, and hand it over within 30 days."


def new_key(kind: str) -> str:
    """What to do where the key of a connection does not do."""
    destination = registry.get(kind)
    return (
        f"Make a new {destination.key.name} in {destination.label} that has every scope, and enter it on the page "
        "Connections."
    )


def concerns(merchant: Any, *, at: datetime) -> list[Concern]:
    """What is wrong with a merchant that was loaded by `with_vitals`, in plain words; empty when nothing is."""
    found = []
    connections = list(merchant.connections.all())
    if merchant.state == Merchant.State.CLOSING:
        found.append(Concern(f"all its data is removed {_when_removed(merchant)}", is_urgent=True, advice=ASK))
    if merchant.data_asked_at:
        asked = f"a shopper asked for their data on {merchant.data_asked_at:%Y-%m-%d}"
        found.append(Concern(asked, is_urgent=True, advice=HAND_OVER))
    for connection in connections:
        concern = _of_connection(connection, is_only=len(connections) == 1)
        if concern is not None:
            found.append(concern)
    if not connections:
        found.append(Concern("no connection", is_urgent=True, advice=ASK))
    if merchant.failed_lately:
        advice = "See why at the events in state failed, and send them again."
        found.append(Concern(f"{counted(merchant.failed_lately)} failed in 24 h", is_urgent=True, advice=advice))
    if merchant.oldest_waiting_at and at - merchant.oldest_waiting_at > LATE_AFTER:
        found.append(Concern("deliveries wait", advice="Nothing: they go as soon as they are taken."))
    if is_silent(merchant, at=at):
        found.append(
            Concern("silent for 24 h", advice="See whether the shop still sends to the addresses on the page Sources.")
        )
    return found


def _of_connection(connection: Connection, *, is_only: bool) -> Concern | None:
    """What is wrong with one; which is said where there are others."""
    which = "" if is_only else f"{registry.get(connection.kind).label}: "
    if connection.state != Connection.State.ACTIVE:
        label = str(connection.get_state_display()).removeprefix("Paused: ")
        by_person = connection.state == Connection.State.PAUSED_OPERATOR
        advice = ASK if by_person else new_key(connection.kind)
        return Concern(which + label[0].lower() + label[1:], is_urgent=True, advice=advice)
    if connection.missing_scopes:
        lacks = f"{which}the key lacks {', '.join(connection.missing_scopes)}"
        return Concern(lacks, is_urgent=True, advice=new_key(connection.kind))
    return None


def _when_removed(merchant: Merchant) -> str:
    """Few are ever to be removed: one query for each of them."""
    due = removal.of(merchant)
    return f"on {due.due_at:%Y-%m-%d %H:%M} UTC" if due else "as soon as staff ask for it"


def held(connection: Connection) -> int:
    """Deliveries that are held for the launch or for an identity, up to `COUNTED_UP_TO` + 1."""
    mine = Delivery.objects.filter(connection=connection, state=Delivery.State.HELD)
    return mine.order_by().values("pk")[: COUNTED_UP_TO + 1].count()


def is_silent(merchant: Any, *, at: datetime) -> bool:
    """Whether nothing came in from a merchant for a day, who was there a day ago."""
    newest = merchant.last_in_at or merchant.created_at
    return bool(merchant.state == Merchant.State.ACTIVE and at - newest > DAY)


def counted(number: int) -> str:
    """A count for people: "10,000+" where counting stopped."""
    return f"{COUNTED_UP_TO:,}+" if number > COUNTED_UP_TO else f"{number:,}"


@dataclass(frozen=True, slots=True)
class Hour:
    """Deliveries that ended in one hour."""

    start: datetime
    sent: int
    failed: int


@dataclass(slots=True)
class Overview:
    """All merchants together. Counts of `backlog` stop at `COUNTED_UP_TO` for each merchant."""

    at: datetime
    merchants: int = 0
    events: int = 0
    backlog: int = 0
    oldest_waiting_at: datetime | None = None
    failed: int = 0
    paused: int = 0
    silent: int = 0
    unhandled: int = 0
    failed_messages: int = 0
    heartbeat_at: datetime | None = None
    hours: list[Hour] = field(default_factory=list)
    troubled: list[tuple[Any, list[Concern]]] = field(default_factory=list)
    """Merchants that need a look, with what is wrong."""

    @property
    def sent(self) -> int:
        """Deliveries accepted in the hours shown."""
        return sum(hour.sent for hour in self.hours)

    @property
    def is_alive(self) -> bool:
        """Whether a worker has shown a sign of life lately."""
        return self.heartbeat_at is not None and self.at - self.heartbeat_at <= HEARTBEAT_OLDEST


def overview(*, at: datetime) -> Overview:
    """Everything the dashboard shows, in seven queries."""
    result = Overview(at=at, heartbeat_at=ticks.last_finished("heartbeat"), hours=list(_hours(at=at)))
    everyone = Merchant.objects.values("pk")
    result.events = Event.objects.filter(merchant__in=everyone, occurred_at__gte=at - DAY).count()
    result.unhandled, result.failed_messages = _messages(everyone)
    for merchant in with_vitals(Merchant.objects.order_by("name", "pk"), at=at):
        _add(result, merchant)
    return result


def _add(result: Overview, merchant: Any) -> None:
    result.merchants += 1
    result.backlog += merchant.backlog
    result.failed += merchant.failed_lately
    result.paused += sum(each.state != Connection.State.ACTIVE for each in merchant.connections.all())
    result.silent += is_silent(merchant, at=result.at)
    oldest = [each for each in (result.oldest_waiting_at, merchant.oldest_waiting_at) if each]
    result.oldest_waiting_at = min(oldest, default=None)
    wrong = concerns(merchant, at=result.at)
    if wrong:
        result.troubled.append((merchant, wrong))


def _messages(everyone: Any) -> tuple[int, int]:
    """Messages that wait to be handled, and messages that failed, each up to the limit."""
    states = (InboundMessage.State.RECEIVED, InboundMessage.State.FAILED)
    of_state = (InboundMessage.objects.filter(merchant__in=everyone, state=state) for state in states)
    received, failed = (rows.values("pk")[: COUNTED_UP_TO + 1].count() for rows in of_state)
    return received, failed


def _hours(*, at: datetime) -> Iterator[Hour]:
    """The 24 hours up to now, each counted on the index of what was sent or what failed, all in one query."""
    this_hour = at.replace(minute=0, second=0, microsecond=0)
    starts = [this_hour - timedelta(hours=back) for back in range(23, -1, -1)]
    parts = [part for index, start in enumerate(starts) for part in _ended(index, start)]
    counts: dict[tuple[int, bool], int] = {}
    for index, is_failed, number in parts[0].union(*parts[1:], all=True):
        counts[index, bool(is_failed)] = number
    for index, start in enumerate(starts):
        yield Hour(start, counts.get((index, False), 0), counts.get((index, True), 0))


def _ended(index: int, start: datetime) -> Iterator[Any]:
    """Counts of one hour: (its index, 0 for accepted or 1 for failed, how many)."""
    hour = {"settled_at__gte": start, "settled_at__lt": start + timedelta(hours=1)}
    connections, merchants = Connection.objects.values("pk"), Merchant.objects.values("pk")
    sent = Delivery.objects.filter(connection__in=connections, state=Delivery.State.SENT, **hour)
    failed = Delivery.objects.filter(HAS_FAILED, merchant__in=merchants, **hour)
    for is_failed, rows in enumerate((sent, failed)):
        labelled = rows.annotate(hour=Value(index), is_failed=Value(is_failed)).values("hour", "is_failed")
        yield labelled.annotate(number=Count("pk")).values_list("hour", "is_failed", "number")


def failed_deliveries(merchants: Any) -> QuerySet[Delivery]:
    """Deliveries of some merchants (keys, or a query for them) that failed for good, found on their index."""
    found: QuerySet[Delivery] = Delivery.objects.filter(HAS_FAILED, merchant__in=merchants)
    return found
