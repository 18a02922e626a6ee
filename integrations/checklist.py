"""The way to going live: what is done for a merchant, and what is still to be done, for the CSM and the merchant alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from integrations import connections, sources, vitals
from integrations.models import Connection, Delivery, InboundMessage, Membership, Merchant, SourceSecret, TestEvent


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to be done. `page` is the name of the merchant's page on which it is settled, "" where there is none.

    `detail` says how it stands.
    """

    text: str
    is_done: bool
    page: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """The points in the order in which one would go about them. Once a merchant is live there is nothing to be done, and none."""

    points: Sequence[Point]
    is_live: bool


Pointer = Callable[[Merchant, Connection, datetime], Iterable[Point]]
"""What a domain app has to be done before going live: (the merchant, its connection, when). A few statements."""

_pointers: list[Pointer] = []


def register(pointer: Pointer) -> Pointer:
    """Add what is to be done for a domain app."""
    _pointers.append(pointer)
    return pointer


def of(merchant: Merchant, *, at: datetime) -> Checklist:
    """How far a merchant is: live, once Klaviyo accepted an event of after the launch date.

    A few statements, none of which grows with the history; no request is made: of the account it tells what its last check found.
    """
    connection = Connection.objects.for_merchant(merchant).defer("secret").order_by("pk").first()
    if connection is None:
        detail = "Your contact at Tidings does it."
        return Checklist([Point("The Klaviyo account is connected", False, "", detail)], is_live=False)
    connection.merchant = merchant
    if _is_live(connection, at=at):
        return Checklist([], is_live=True)
    points = [
        *_account(connection),
        *_sources(merchant),
        *(point for pointer in _pointers for point in pointer(merchant, connection, at)),
        Point("Somebody of the merchant's can sign in", Membership.objects.for_merchant(merchant).exists(), "team"),
        Point("Klaviyo accepted a test event", _was_tried(merchant), "test_events"),
        *_launch(connection, at=at),
        Point("Klaviyo accepted a live event", False, "events"),
    ]
    return Checklist(points, is_live=False)


def _is_live(connection: Connection, *, at: datetime) -> bool:
    sent = Delivery.objects.filter(connection=connection, state=Delivery.State.SENT, is_backfill=False)
    return connection.launch_at <= at and sent.exists()


def _was_tried(merchant: Merchant) -> bool:
    return TestEvent.objects.for_merchant(merchant).filter(status__gte=200, status__lt=300).exists()


def _account(connection: Connection) -> Iterator[Point]:
    works, scopes = connection.state == Connection.State.ACTIVE, connection.missing_scopes
    yield Point("The key works", works, "connection", "" if works else str(connection.get_state_display()))
    yield Point("The key has every scope", not scopes, "connection", f"It lacks {', '.join(scopes)}." if scopes else "")
    on = f"{len(connection.enabled_metrics)} are on"
    yield Point("Metrics are on", bool(connection.enabled_metrics), "metrics", on)
    clashes = [f"{name} ({other})" for name, other in connections.name_clashes(connection).items()]
    found = f"Klaviyo has already {', '.join(clashes)}." if clashes else ""
    yield Point("No other integration sends a metric of the same name", not clashes, "metrics", found)


def _sources(merchant: Merchant) -> Iterator[Point]:
    """One point for each source that is connected: whether it was ever heard from."""
    messages = InboundMessage.objects.for_merchant(merchant).filter(source=OuterRef("source"))
    mine = SourceSecret.objects.for_merchant(merchant).filter(disconnected_at=None).annotate(heard=Exists(messages))
    found = list(mine.order_by("source").values_list("source", "heard"))
    yield Point("A source is connected", bool(found), "data_sources")
    for source, heard in found:
        yield Point(f"{sources.get(source).label} was heard from", heard, "data_sources")


def _launch(connection: Connection, *, at: datetime) -> Iterator[Point]:
    """The date, and before it what will become of what happened until then."""
    day = f"{connection.launch_at.astimezone(connection.merchant.tz):%Y-%m-%d %H:%M}"
    has_come = connection.launch_at <= at
    yield Point("The launch date has come", has_come, "connection", day)
    detail = "" if has_come else _backfill(connection)
    yield Point("What happened before it is sent as history", connection.launched_at is not None, "connection", detail)


def _backfill(connection: Connection) -> str:
    """How many events wait to be sent as history, and how many are too old for it."""
    mine, most = Delivery.objects.filter(connection=connection), vitals.COUNTED_UP_TO + 1
    held = mine.filter(state=Delivery.State.HELD, reason=Delivery.Reason.BEFORE_LAUNCH, is_backfill=True)
    old = mine.filter(state=Delivery.State.SKIPPED, reason=Delivery.Reason.BEFORE_WINDOW)
    waiting, skipped = (vitals.counted(rows.values("pk")[:most].count()) for rows in (held, old))
    since = f"{connection.window_start.astimezone(connection.merchant.tz):%Y-%m-%d %H:%M}"
    return f"Events that wait for it: {waiting}. From before {since}, so they are not sent: {skipped}."
