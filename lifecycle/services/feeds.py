"""A merchant's log feed: where it is, and what one page of it brings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from django.db import transaction
from django.db.models import F

from integrations import audit, clean, merchants, posting
from integrations.audit import Actor
from integrations.fields import Sealed, Undecryptable
from integrations.models import Merchant
from integrations.sources import Malformed
from lifecycle import reading
from lifecycle.models import LogFeed, LogSync
from lifecycle.models.feed import FAILURE_LENGTH
from lifecycle.reading import Page
from lifecycle.services import activities

PAGE_BYTES = 5 * 1024 * 1024
PULLED_EVERY = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
PAGE = 1_000


class _Superseded(Exception):
    """Somebody else read that page in the meantime, or it is not to be read any more: what was done is taken back."""


def set_feed(*, merchant: Merchant, url: str, secret: str, by: Actor, at: datetime) -> LogFeed:
    """Follow a feed from now on, or find it elsewhere: then a sync that reads it begins anew there. A blank `secret` leaves it
    as it is, at the same host. Raises `posting.BadAddress`.
    """
    posting.check(url)
    with transaction.atomic(), merchants.locked(merchant):
        feed = LogFeed.objects.for_merchant(merchant).select_for_update().first()
        what = "changed the log feed" if feed else "set a log feed"
        if feed is None:
            feed = LogFeed(merchant=merchant, since=at)
        if feed.url != url:
            if urlsplit(feed.url).netloc != urlsplit(url).netloc:
                # Another host is shown no secret that was meant for this one.
                feed.secret = Sealed.of("")
            # Its cursors are its own: another one is followed from now on.
            feed.url, feed.cursor, feed.mark, feed.since = url, "", "", at
            unread = LogSync.objects.for_merchant(merchant).filter(state__in=LogSync.OPEN, is_read=False)
            unread.update(cursor="", mark="", failure="", failures=0, read_due_at=at)
        if secret:
            feed.secret = Sealed.of(secret)
        feed.failure, feed.failures, feed.next_pull_at = "", 0, at
        feed.save()
        audit.note(merchant, by, what, [str(feed), *(["with a new secret"] if secret else [])], at=at)
    return feed


def remove_feed(*, merchant: Merchant, by: Actor, at: datetime) -> bool:
    """Follow it no more. What was read stays. False where there is none."""
    with transaction.atomic():
        feed = LogFeed.objects.for_merchant(merchant).first()
        if feed is None:
            return False
        feed.delete()
        audit.note(merchant, by, "removed the log feed", [str(feed)], at=at)
    return True


def pull(feed: LogFeed, *, clock: Callable[[], datetime]) -> int:
    """Read the next page of what happens now; returns how many entries it had, read or refused.

    No transaction is open while it is fetched.
    """
    row, at = LogFeed.objects.for_merchant(feed.merchant_id).filter(pk=feed.pk, url=feed.url), clock()
    try:
        page = _fetch(feed, cursor=feed.cursor, mark=feed.mark, since=feed.since, most=PAGE, at=at)
    except (posting.NotFetched, Malformed, Undecryptable) as error:
        wait = _wait_after(feed.failures)
        row.update(failure=_short(error), failures=F("failures") + 1, next_pull_at=at + wait)
        return 0
    at = clock()
    try:
        with transaction.atomic():
            done = row.filter(cursor=feed.cursor).update(
                cursor=page.cursor or feed.cursor,
                mark=_mark_after(feed, page),
                failure="",
                failures=0,
                pulled_at=at,
                next_pull_at=at if page.has_more else at + PULLED_EVERY,
                **_counted(page),
            )
            if not done:
                raise _Superseded
            activities.record(merchant=feed.merchant, entries=page.entries, at=at)
    except _Superseded:
        return 0
    return len(page.entries) + len(page.complaints)


def read_past(sync: LogSync, feed: LogFeed, *, most: int, clock: Callable[[], datetime]) -> int:
    """Read the next page of a sync's past; returns how many entries it had, read or refused."""
    at = clock()
    row = LogSync.objects.for_merchant(sync.merchant_id).filter(
        pk=sync.pk, state=LogSync.State.RUNNING, is_read=False, cursor=sync.cursor
    )
    try:
        page = _fetch(feed, cursor=sync.cursor, mark=sync.mark, since=sync.since, most=most, at=at)
    except (posting.NotFetched, Malformed, Undecryptable) as error:
        wait = _wait_after(sync.failures)
        row.update(failure=_short(error), failures=F("failures") + 1, read_due_at=at + wait)
        return 0
    at = clock()
    try:
        with transaction.atomic():
            same = LogFeed.objects.for_merchant(sync.merchant_id).filter(pk=feed.pk, url=feed.url)
            done = same.select_for_update().first() and row.update(
                cursor=page.cursor or sync.cursor,
                mark=_mark_after(sync, page),
                is_read=not page.has_more,
                failure="",
                failures=0,
                read_due_at=sync.due_after(sync.read_due_at, len(page.entries) + len(page.complaints), at=at),
                **_counted(page),
            )
            if not done:
                raise _Superseded
            activities.record(merchant=sync.merchant, entries=page.entries, history_until=sync.until, at=at)
    except _Superseded:
        return 0
    return len(page.entries) + len(page.complaints)


def _fetch(feed: LogFeed, *, cursor: str, mark: str, since: datetime | None, most: int, at: datetime) -> Page:
    """Raises `NotFetched`, `Malformed` and `Undecryptable`."""
    asked = {"limit": str(most)}
    if cursor:
        asked["cursor"] = cursor
    elif since is not None:
        asked["since"] = since.isoformat(timespec="seconds")
    address = f"{feed.url}{'&' if '?' in feed.url else '?'}{urlencode(asked)}"
    page = reading.page(posting.fetch(address, feed.secret.reveal(), most=PAGE_BYTES), at=at)
    if page.has_more and page.cursor in (cursor, mark):
        raise Malformed("page: next leads to where this page or an earlier one began, though more is true")
    return page


def _mark_after(reader: LogFeed | LogSync, page: Page) -> str:
    """The mark once a page was read: set anew after 1, 2, 4, 8, … pages, it lies in any circle before long (Brent)."""
    count = reader.pages + 1
    return page.cursor if count & (count - 1) == 0 else reader.mark


def _counted(page: Page) -> dict[str, object]:
    """What a page adds to the figures of whoever reads it."""
    counted: dict[str, object] = {
        "pages": F("pages") + 1,
        "entries": F("entries") + len(page.entries),
        "refused": F("refused") + len(page.complaints),
    }
    return counted | ({"complaint": clean.text(page.complaints[-1], FAILURE_LENGTH)} if page.complaints else {})


def _wait_after(failures: int) -> timedelta:
    """How long to leave a feed alone that failed so often before: twice as long each time, an hour at most."""
    return min(PULLED_EVERY * (1 << min(failures, 10)), LONGEST_WAIT)


def _short(error: Exception) -> str:
    return clean.text(str(error), FAILURE_LENGTH)
