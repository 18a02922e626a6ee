"""A feed followed page by page, and syncs of the past: at their pace, paused, gone on with, cancelled, broken off, repeated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st

from integrations import launch, posting
from integrations.audit import Actor
from integrations.models import AuditEntry, Connection, Delivery, Event, Merchant
from lifecycle import kinds, log, reading, services
from lifecycle.models import Activity, LogFeed, LogSync
from lifecycle.services import feeds, parsing, syncs
from tests.support import log_feed, rest
from tests.support.examples import tried_with
from tests.support.log_feed import FIRST, Feed, made

pytestmark = pytest.mark.django_db
BY = Actor(label="a test")
MINUTE = timedelta(minutes=1)
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
FAST = 600_000


class Clock:
    """A clock that stands still until it is set forward."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def entries() -> list[log_feed.Entry]:
    """What the merchant's system has logged so far."""
    return [made(number) for number in range(25)]


@pytest.fixture
def feed(settings: Any, entries: list[log_feed.Entry], monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    """Its feed, with ten entries on a page."""
    settings.DEBUG = True
    monkeypatch.setattr(feeds, "PAGE", 10)
    with log_feed.serving(entries) as serving:
        yield serving


@pytest.fixture
def merchant(feed: Feed) -> Merchant:
    """Launched a while ago, without any backfill: what is older is not sent."""
    made = rest.merchant()
    launched = START - timedelta(days=90)
    made.connections.update(enabled_metrics=list(kinds.METRICS.values()), launch_at=launched, launched_at=launched)
    feeds.set_feed(merchant=made, url=feed.url, secret=log_feed.SECRET, by=BY, at=START)
    return made


def work(merchant: Merchant, clock: Clock) -> int:
    return log.work(seconds=20, clock=clock, merchant=merchant)


def begun(merchant: Merchant, clock: Clock, *, pace: int = FAST, since: datetime | None = None) -> LogSync:
    return syncs.begin(merchant=merchant, since=since, pace=pace, by=BY, at=clock())


def identities(merchant: Merchant) -> list[str]:
    return sorted(Event.objects.for_merchant(merchant).values_list("unique_id", flat=True))


def expected(count: int) -> list[str]:
    return sorted(f"log:e{number}" for number in range(count))


def test_what_happens_from_now_on_is_followed_page_by_page(
    merchant: Merchant, feed: Feed, entries: list[log_feed.Entry], clock: Clock
) -> None:
    work(merchant, clock)
    assert identities(merchant) == []

    entries += [made(number) | {"occurred_at": clock().isoformat()} for number in range(25, 40)]
    feed.count = len(entries)
    clock.forward(minutes=1)
    work(merchant, clock)

    assert identities(merchant) == sorted(f"log:e{number}" for number in range(25, 40))
    assert {row.is_backfill for row in Delivery.objects.all()} == {False}
    assert [asked.get("cursor", asked.get("since")) for asked in feed.asked] == [START.isoformat(), "25", "35"]


def test_the_past_becomes_events_that_start_no_flow_whatever_the_window(merchant: Merchant, clock: Clock) -> None:
    sync = begun(merchant, clock)

    clock.forward(minutes=1)
    work(merchant, clock)
    work(merchant, clock)

    sync.refresh_from_db()
    assert (sync.state, sync.entries, sync.pages, sync.parsed, sync.events) == ("finished", 25, 3, 25, 25)
    assert identities(merchant) == expected(25)
    deliveries = Delivery.objects.values_list("state", "is_backfill", "is_history").distinct()
    assert list(deliveries) == [("pending", True, True)]


def test_before_the_launch_the_past_is_held_and_then_goes_as_backfill(merchant: Merchant, clock: Clock) -> None:
    later = clock() + timedelta(days=5)
    merchant.connections.update(launch_at=later, launched_at=None)
    begun(merchant, clock)
    clock.forward(minutes=1)
    work(merchant, clock)
    assert set(Delivery.objects.values_list("state", "reason")) == {("held", "before_launch")}

    launch.launch(Connection.objects.get(), at=later)

    assert set(Delivery.objects.values_list("state", "is_backfill")) == {("pending", True)}


def test_a_sync_keeps_to_its_pace_and_what_happens_now_does_not_wait(
    merchant: Merchant, feed: Feed, entries: list[log_feed.Entry], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncs, "BATCH", 5)
    sync = begun(merchant, clock)
    LogSync.objects.update(pace=10)
    entries.append(made(99) | {"occurred_at": clock().isoformat()})
    feed.count = len(entries)

    parsed = []
    for _ in range(4):
        clock.forward(minutes=1)
        work(merchant, clock)
        sync.refresh_from_db()
        parsed.append((sync.entries, sync.parsed))
        assert "log:e99" in identities(merchant)

    assert parsed == [(10, 10), (20, 20), (26, 25), (26, 25)]
    live = Delivery.objects.get(event__unique_id="log:e99")
    assert (live.is_backfill, live.is_history) == (False, False)


def test_a_pause_holds_it_and_it_goes_on_where_it_stopped(
    merchant: Merchant, feed: Feed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncs, "BATCH", 5)
    sync = begun(merchant, clock)
    LogSync.objects.update(pace=10)
    clock.forward(minutes=1)
    work(merchant, clock)
    assert syncs.pause(merchant=merchant, pk=sync.pk, by=BY, at=clock())
    assert not syncs.pause(merchant=merchant, pk=sync.pk, by=BY, at=clock())

    clock.forward(minutes=5)
    work(merchant, clock)
    assert identities(merchant) == expected(10)

    assert syncs.resume(merchant=merchant, pk=sync.pk, by=BY, at=clock())
    for _ in range(3):
        clock.forward(minutes=1)
        work(merchant, clock)

    assert identities(merchant) == expected(25)
    cursors = [asked["cursor"] for asked in feed.asked if "cursor" in asked and "since" not in asked]
    assert cursors.count("10") == 1
    said = list(AuditEntry.objects.for_merchant(merchant).order_by("pk").values_list("what", flat=True))
    assert said[1:] == ["started a sync of the log", "paused a sync of the log", "went on with a sync of the log"]


def test_what_is_cancelled_stays_untold_and_may_be_synced_again(
    merchant: Merchant, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncs, "BATCH", 5)
    sync = begun(merchant, clock)
    LogSync.objects.update(pace=10, parse_due_at=clock() + timedelta(days=1))
    clock.forward(minutes=1)
    work(merchant, clock)

    assert syncs.cancel(merchant=merchant, pk=sync.pk, by=BY, at=clock())
    assert {row.note for row in Activity.objects.for_merchant(merchant)} == {syncs.CANCELLED}
    begun(merchant, clock)
    clock.forward(minutes=1)
    work(merchant, clock)

    assert identities(merchant) == expected(25)
    assert not syncs.resume(merchant=merchant, pk=sync.pk, by=BY, at=clock())


def test_one_sync_at_a_time_and_none_of_nothing(merchant: Merchant, clock: Clock) -> None:
    begun(merchant, clock)
    with pytest.raises(syncs.NotPossible, match="One is on its way"):
        begun(merchant, clock)

    other = rest.merchant("Bergen")
    with pytest.raises(syncs.NotPossible, match="There is no feed"):
        syncs.begin(merchant=other, since=None, pace=FAST, by=BY, at=clock())


def test_events_since_are_synced_again_and_nothing_becomes_two(merchant: Merchant, clock: Clock, feed: Feed) -> None:
    merchant.connections.update(enabled_metrics=["log_cancelled"])
    begun(merchant, clock)
    clock.forward(minutes=1)
    work(merchant, clock)
    work(merchant, clock)
    before = identities(merchant)
    merchant.connections.update(enabled_metrics=list(kinds.METRICS.values()))

    since = FIRST + 10 * MINUTE
    begun(merchant, clock, since=since)
    clock.forward(minutes=2)
    work(merchant, clock)

    told = identities(merchant)
    assert told == sorted({*before, *(f"log:e{number}" for number in range(10, 25))})
    assert Delivery.objects.count() == len(told)
    assert feed.asked[-2].get("since", feed.asked[-1].get("since")) is not None


def test_entries_that_cannot_be_read_count_for_the_pace(
    merchant: Merchant, feed: Feed, entries: list[log_feed.Entry], clock: Clock
) -> None:
    for each in entries:
        each["kind"] = ""
    sync = begun(merchant, clock)
    LogSync.objects.update(pace=10)
    clock.forward(minutes=1)
    work(merchant, clock)

    sync.refresh_from_db()
    assert (sync.refused, sync.is_read) == (10, False)


def test_a_feed_that_fails_is_tried_again_later_and_later(merchant: Merchant, feed: Feed, clock: Clock) -> None:
    sync = begun(merchant, clock)
    feed.fails = 3
    work(merchant, clock)
    work(merchant, clock)
    row = LogFeed.objects.get()
    assert (row.failure, row.failures, row.next_pull_at) == ("It answered 500.", 1, START + MINUTE)

    clock.forward(minutes=1)
    work(merchant, clock)
    row.refresh_from_db()
    sync.refresh_from_db()
    assert (row.failures, row.next_pull_at) == (2, clock() + 2 * MINUTE)
    assert (sync.failure, sync.failures) == ("It answered 500.", 1)

    clock.forward(minutes=2)
    work(merchant, clock)
    clock.forward(minutes=1)
    work(merchant, clock)
    row.refresh_from_db()
    sync.refresh_from_db()
    assert (row.failure, sync.failure, sync.entries) == ("", "", 25)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"kind": ""}, "kind must be text"),
        ({"entry_id": "\1"}, "entry_id must be text"),
        ({"occurred_at": "yesterday"}, "occurred_at must be a date"),
        ({"occurred_at": "2199-01-01T00:00:00Z"}, "must not be in the future"),
        ({"data": {"Subject": "x" * 30_000}}, "data must be at most 20,000 bytes"),
        ({"plan": "Weekly"}, "plan must be an object"),
        ({"data": {"Subject": "a\0b"}}, "text must not contain the character NUL"),
        ({"data": {"Amount": 2**70}}, "a number must fit in 64 bits"),
        ({"data": json.loads("[" * 40 + "]" * 40)}, "at most 32 levels of nesting"),
    ],
)
def test_an_entry_that_cannot_be_read_is_counted_and_stops_no_other(
    merchant: Merchant, entries: list[log_feed.Entry], clock: Clock, broken: dict[str, Any], why: str
) -> None:
    entries[3] |= broken
    sync = begun(merchant, clock)
    clock.forward(minutes=1)
    work(merchant, clock)

    sync.refresh_from_db()
    assert (sync.entries, sync.refused) == (24, 1)
    assert sync.complaint.startswith("entries[3]: ")
    assert why in sync.complaint


def test_what_is_logged_while_the_page_is_fetched_or_by_a_clock_ahead_is_not_lost(
    merchant: Merchant, feed: Feed, entries: list[log_feed.Entry], clock: Clock
) -> None:
    times = (START + timedelta(seconds=3), START + timedelta(minutes=4))
    entries += [made(25 + number) | {"occurred_at": each.isoformat()} for number, each in enumerate(times)]
    feed.count = len(entries)
    work(merchant, clock)

    assert identities(merchant) == ["log:e25", "log:e26"]
    assert LogFeed.objects.get().refused == 0


@pytest.mark.parametrize("pages", [1, 2, 3, 5])
def test_pages_that_lead_in_a_circle_are_not_read_without_an_end(
    merchant: Merchant, feed: Feed, entries: list[log_feed.Entry], clock: Clock, pages: int
) -> None:
    entries += [made(number) for number in range(25, 90)]
    feed.count, feed.circle = len(entries), pages * 10
    LogFeed.objects.update(cursor="0")
    sync = begun(merchant, clock)
    clock.forward(minutes=1)
    work(merchant, clock)

    row = LogFeed.objects.get()
    sync.refresh_from_db()
    assert (row.failures, row.next_pull_at) == (1, clock() + MINUTE)
    assert "or an earlier one began" in row.failure
    assert (sync.failure, sync.state) == (row.failure, "running")
    assert len(feed.asked) <= 2 * 3 * pages + 2
    assert len(identities(merchant)) == pages * 10


@pytest.fixture
def other(settings: Any) -> Iterator[Feed]:
    """Another feed, of fewer and other entries."""
    with log_feed.serving([made(number) | {"entry_id": f"other{number}"} for number in range(5)]) as serving:
        yield serving


def test_a_sync_goes_on_with_the_beginning_of_a_feed_that_takes_the_place_of_its(
    merchant: Merchant, other: Feed, clock: Clock
) -> None:
    sync = begun(merchant, clock)
    LogSync.objects.update(cursor="10", entries=10)
    feeds.set_feed(merchant=merchant, url=other.url, secret=log_feed.SECRET, by=BY, at=clock())
    clock.forward(minutes=1)
    work(merchant, clock)

    sync.refresh_from_db()
    assert (sync.state, identities(merchant)) == ("finished", [f"log:other{number}" for number in range(5)])


def test_another_host_is_not_shown_the_secret(merchant: Merchant, feed: Feed, other: Feed, clock: Clock) -> None:
    feeds.set_feed(merchant=merchant, url=f"{feed.url}?of=customers", secret="", by=BY, at=clock())
    assert LogFeed.objects.get().secret.reveal() == log_feed.SECRET

    feeds.set_feed(merchant=merchant, url=other.url, secret="", by=BY, at=clock())
    work(merchant, clock)

    assert (LogFeed.objects.get().failure, len(other.asked)) == ("It answered 401.", 1)


@pytest.mark.parametrize("deed", ["replaced", "removed"])
def test_what_a_feed_still_tells_that_is_not_the_merchants_any_more_is_not_kept(
    merchant: Merchant, feed: Feed, other: Feed, clock: Clock, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    sync = begun(merchant, clock)
    LogFeed.objects.update(since=FIRST)
    row, fetch = LogFeed.objects.get(), posting.fetch

    def fetch_and_change(*given: Any, **named: Any) -> bytes:
        """The page is on its way when an editor changes where the feed is."""
        body = fetch(*given, **named)
        if deed == "replaced":
            feeds.set_feed(merchant=merchant, url=other.url, secret="", by=BY, at=clock())
        else:
            feeds.remove_feed(merchant=merchant, by=BY, at=clock())
        return body

    monkeypatch.setattr(posting, "fetch", fetch_and_change)
    read = (feeds.pull(row, clock=clock), feeds.read_past(sync, row, most=10, clock=clock))

    sync.refresh_from_db()
    assert (read, sync.cursor, sync.entries) == ((0, 0), "", 0)
    assert not Activity.objects.exists()


@tried_with(6, 200, data=st.data())
def test_in_any_order_with_repeats_and_restarts_each_entry_is_one_event(data: st.DataObject) -> None:
    """Pieces of a log come in any order and again; whoever works on it dies now and then; it is synced again in between."""
    merchant = rest.merchant()
    merchant.connections.update(enabled_metrics=list(kinds.METRICS.values()))
    told = [made(number) for number in range(12)]
    pieces = data.draw(st.lists(st.lists(st.sampled_from(range(12)), min_size=1, max_size=8), min_size=1, max_size=6))
    at = timezone.now()
    for piece in [*pieces, list(range(12))]:
        entries = [reading.entry(told[number], at=at) for number in piece]
        if data.draw(st.booleans()):
            broken_off(services.record, merchant=merchant, entries=entries, at=at)
        services.record(merchant=merchant, entries=entries, at=at)
        if data.draw(st.booleans()):
            broken_off(parsing.parse, merchant=merchant, is_history=False, at=at, most=3)
        parsed = Activity.objects.for_merchant(merchant).filter(parsed_at__isnull=False)
        if data.draw(st.booleans()) and parsed.exists():
            syncs.begin(merchant=merchant, since=None, pace=FAST, by=BY, at=at)
        log.work(seconds=5, merchant=merchant, clock=lambda: at + MINUTE)

    assert identities(merchant) == expected(12)
    assert Delivery.objects.for_merchant(merchant).count() == 12
    assert not Activity.objects.for_merchant(merchant).filter(parsed_at=None).exists()


class Killed(Exception):
    """The worker died."""


def broken_off(work: Callable[..., object], **named: Any) -> None:
    """Do it, and die before the commit."""
    with suppress(Killed), transaction.atomic():
        work(**named)
        raise Killed
