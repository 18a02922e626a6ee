"""Replays: a stretch of history sent once more, safe by identity. Klaviyo ignores what it has, and what is old starts no flow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Least

from integrations import audit, search, wake
from integrations.apart import Apart
from integrations.audit import Actor
from integrations.delivery.backoff import MAX_ATTEMPTS
from integrations.destinations import registry
from integrations.models import Connection, Delivery, Event, Merchant, Replay
from integrations.search import Wanted

BATCH = 500
MOST = 200_000
"""Events of one replay. They travel one by one, at most 3,500 a minute: that is an hour."""

SAMPLE = 5

REPEATED = Q(state__in=[Delivery.State.SENT, Delivery.State.DEAD, Delivery.State.EXPIRED]) | Q(
    state=Delivery.State.SKIPPED, reason=Delivery.Reason.METRIC_OFF
)
"""What is sent again. What waits goes anyway, and what was not to be sent for another reason is still not to be."""


REPEATED_WHERE_REPEATS_COUNT = Q(state=Delivery.State.DEAD, is_ambiguous=False) | Q(
    state=Delivery.State.SKIPPED, reason=Delivery.Reason.METRIC_OFF
)
"""What is sent again where a repeat counts twice: only what cannot have arrived."""


class TooMany(Exception):
    """The filter leaves too many events in, or none. The text says how many."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a replay would send: how many events, and the newest of them."""

    count: int
    sample: list[Event]


def propose(merchant: Merchant, wanted: Wanted) -> Proposal:
    """Count, and show a few, before anything is done."""
    found = search.events(merchant, wanted, is_complete=True)
    return Proposal(found.count(), list(found.select_related("customer").defer("properties")[:SAMPLE]))


def begin(merchant: Merchant, wanted: Wanted, *, by: Actor, at: datetime) -> Replay:
    """Start one; ticks do the work. Raises `TooMany`."""
    found = search.events(merchant, wanted, is_complete=True)
    with transaction.atomic():
        count, top = found.count(), found.order_by("-pk").values_list("pk", flat=True).first()
        if not 0 < count <= MOST or top is None:
            raise TooMany(
                f"{count:,} events fit: narrow the filter down to at most {MOST:,}." if count else "No event fits."
            )
        replay = Replay.objects.create(
            merchant=merchant, started_by=by.user, created_at=at, wanted=_stored(wanted), total=count, top=top
        )
        audit.note(merchant, by, "started a replay", [f"{count:,} events", *_described(wanted)], at=at)
        wake.after_commit(wake.DELIVER)
    return replay


def cancel(merchant: Merchant, pk: int, *, by: Actor, at: datetime) -> bool:
    """Stop one; what was lined up by then is sent. False where it was over."""
    with transaction.atomic():
        mine = Replay.objects.for_merchant(merchant).filter(pk=pk, state=Replay.State.RUNNING)
        is_new = mine.update(state=Replay.State.CANCELLED, finished_at=at) == 1
        if is_new:
            audit.note(merchant, by, "cancelled a replay", [f"replay {pk}"], at=at)
    return is_new


def advance_due(*, at: datetime, seconds: float) -> int:
    """Go on with all that run, batch by batch in turn, for so many seconds; returns how many events were looked at."""
    end, looked_at, found = time.monotonic() + seconds, 0, 1
    with Apart() as apart:
        while found and time.monotonic() < end:
            keys = list(Replay.objects.filter(state=Replay.State.RUNNING).order_by("id").values_list("pk", flat=True))
            found = sum(apart.do(pk, partial(_advance, pk, at=at), 0) for pk in keys)
            looked_at += found
        if looked_at:
            wake.ask(wake.DELIVER)
    return looked_at


@transaction.atomic
def _advance(pk: int, *, at: datetime) -> int:
    """One batch of one replay, unless somebody else is at it."""
    running = Replay.objects.select_related("merchant").filter(pk=pk, state=Replay.State.RUNNING)
    replay = running.select_for_update(skip_locked=True, of=("self",)).first()
    if replay is None:
        return 0
    wanted = Wanted(**{name: _read(name, value) for name, value in replay.wanted.items()})
    rest = search.events(replay.merchant, wanted, is_complete=True).filter(pk__gt=replay.last, pk__lte=replay.top)
    keys = list(rest.order_by("pk").values_list("pk", flat=True)[:BATCH])
    replay.resent += _resend(replay.merchant, keys, at=at)
    replay.done += len(keys)
    if keys:
        replay.last = keys[-1]
    if len(keys) < BATCH:
        replay.state, replay.finished_at = Replay.State.FINISHED, at
    replay.save()
    return len(keys)


def _resend(merchant: Merchant, events: Sequence[int], *, at: datetime) -> int:
    """Singly from now on: Klaviyo may refuse a whole bulk request for one identity that it has already."""
    deliveries = Delivery.objects.for_merchant(merchant).filter(event__in=events)
    counting = Connection.objects.for_merchant(merchant).filter(kind__in=registry.where_repeats_count()).values("pk")
    harmless = deliveries.exclude(connection__in=counting).filter(REPEATED)
    others = deliveries.filter(REPEATED_WHERE_REPEATS_COUNT, connection__in=counting)
    return _line_up(harmless, at=at, is_ambiguous=True) + _line_up(others, at=at, is_ambiguous=False)


def _line_up(deliveries: QuerySet[Delivery], *, at: datetime, is_ambiguous: bool) -> int:
    return deliveries.exclude(identifier="").update(
        state=Delivery.State.PENDING,
        reason=Delivery.Reason.NONE,
        error="",
        is_ambiguous=is_ambiguous,
        attempts=Least(F("attempts"), Value(MAX_ATTEMPTS - 1)),
        first_attempt_at=at,
        not_before=at,
        settled_at=None,
    )


def _stored(wanted: Wanted) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(wanted).items()
        if value
    }


def _read(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in ("since", "until") else value


def _described(wanted: Wanted) -> list[str]:
    return [f"{name}: {value}" for name, value in _stored(wanted).items()]
