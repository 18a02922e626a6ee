"""Syncs of a merchant's past: begun, paused, gone on with and cancelled by people; taken further by ticks, at their pace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from integrations import audit, merchants, wake
from integrations.audit import Actor
from integrations.models import Merchant
from lifecycle.models import Activity, LogFeed, LogSync
from lifecycle.services import feeds, parsing
from lifecycle.services.activities import READ_LOG

State = LogSync.State
CANCELLED = "its sync was cancelled"
BATCH = 500


class NotPossible(Exception):
    """Nothing can be synced like that now. The text says why."""


def begin(*, merchant: Merchant, since: datetime | None, pace: int, by: Actor, at: datetime) -> LogSync:
    """Make events of the past: all of the log, or what happened `since` an instant. Nothing becomes two events.

    Its feed, if there is one, is read anew from there, and what was parsed since then is parsed again, as history. Raises
    `NotPossible`.
    """
    with transaction.atomic(), merchants.locked(merchant):
        if LogSync.objects.for_merchant(merchant).filter(state__in=LogSync.OPEN).exists():
            raise NotPossible("One is on its way. Let it end, or cancel it.")
        has_feed = LogFeed.objects.for_merchant(merchant).exists()
        again = Activity.objects.for_merchant(merchant).filter(parsed_at__isnull=False)
        if since is not None:
            again = again.filter(occurred_at__gte=since)
        count = again.update(parsed_at=None, note="", is_history=True)
        if not has_feed and not count:
            raise NotPossible("There is no feed to be read, and the log has nothing of that time.")
        sync = LogSync.objects.create(
            merchant=merchant,
            started_by=by.user,
            since=since,
            until=at,
            pace=pace,
            is_read=not has_feed,
            read_due_at=at,
            parse_due_at=at,
            created_at=at,
        )
        audit.note(merchant, by, "started a sync of the log", [_described(sync)], at=at)
        wake.after_commit(READ_LOG)
    return sync


def pause(*, merchant: Merchant, pk: int, by: Actor, at: datetime) -> bool:
    """Let it rest. False where it does not run."""
    return _move(merchant, pk, [State.RUNNING], State.PAUSED, "paused a sync of the log", by=by, at=at)


def resume(*, merchant: Merchant, pk: int, by: Actor, at: datetime) -> bool:
    """Go on with it where it stopped. False where it does not rest."""
    return _move(merchant, pk, [State.PAUSED], State.RUNNING, "went on with a sync of the log", by=by, at=at)


def cancel(*, merchant: Merchant, pk: int, by: Actor, at: datetime) -> bool:
    """End it: False where it was over. Events that were made by then are sent; the rest of the past stays in the log, untold."""
    with transaction.atomic():
        if not _move(merchant, pk, LogSync.OPEN, State.CANCELLED, "cancelled a sync of the log", by=by, at=at):
            return False
        _waiting(merchant).update(parsed_at=at, note=CANCELLED)
    return True


def read_on(sync: LogSync, *, clock: Callable[[], datetime]) -> int:
    """Read a page of its feed, if its pace allows one; returns how many entries it had."""
    most = min(feeds.PAGE, sync.pace)
    if sync.is_read or sync.allowed(sync.read_due_at, at=clock()) < most:
        return 0
    feed = LogFeed.objects.for_merchant(sync.merchant_id).first()
    if feed is None:
        LogSync.objects.for_merchant(sync.merchant_id).filter(pk=sync.pk).update(is_read=True)
        return 0
    return feeds.read_past(sync, feed, most=most, clock=clock)


def parse_on(sync: LogSync, *, at: datetime) -> int:
    """Parse what was read, if its pace allows a batch; returns how many entries were. The sync ends when none waits."""
    most = min(BATCH, sync.pace)
    if sync.allowed(sync.parse_due_at, at=at) < most:
        return 0
    with transaction.atomic():
        # Locked: neither is anything parsed after a pause or a cancellation, nor a batch at the same time by somebody else.
        running = LogSync.objects.for_merchant(sync.merchant_id).filter(pk=sync.pk, state=State.RUNNING)
        held = running.select_for_update(skip_locked=True).first()
        if held is None:
            return 0
        parsed = parsing.parse(merchant=sync.merchant, is_history=True, most=most, at=at)
        if parsed.entries == 0 and held.is_read and not _waiting(sync.merchant).exists():
            running.update(state=State.FINISHED, finished_at=at)
        elif parsed.entries:
            running.update(
                parsed=F("parsed") + parsed.entries,
                events=F("events") + parsed.events,
                parse_due_at=held.due_after(held.parse_due_at, parsed.entries, at=at),
            )
    return parsed.entries


def _waiting(merchant: Merchant) -> QuerySet[Activity]:
    """What of the past is not parsed yet, those too that somebody else has in hands, as a merge or an erasure has."""
    waiting: QuerySet[Activity] = Activity.objects.for_merchant(merchant).filter(parsed_at=None, is_history=True)
    return waiting


def _move(
    merchant: Merchant, pk: int, before: Sequence[State], after: State, what: str, *, by: Actor, at: datetime
) -> bool:
    with transaction.atomic():
        mine = LogSync.objects.for_merchant(merchant).filter(pk=pk)
        moved = mine.filter(state__in=before)
        is_new = moved.update(state=after, finished_at=at if after == State.CANCELLED else None) == 1
        if is_new:
            audit.note(merchant, by, what, [_described(mine.get())], at=at)
            wake.after_commit(READ_LOG)
    return is_new


def _described(sync: LogSync) -> str:
    return f"since {sync.since:%Y-%m-%d %H:%M} UTC" if sync.since else "from the very beginning"
