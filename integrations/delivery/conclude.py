"""What a finished request means: for the events in it, for what is sent next, and for the lane. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.delivery import verdicts
from integrations.delivery.changes import ClaimedChange
from integrations.delivery.claim import Claimed
from integrations.delivery.verdicts import UNSENT, Verdict
from integrations.destinations.base import (
    Change,
    ConnectionPaused,
    DeliveryError,
    Fault,
    Outgoing,
    Receipt,
    Rejected,
    Unavailable,
    Unsupported,
)
from integrations.models import Delivery, ProfileChange


class Effect(enum.Enum):
    """What a request's outcome does to its lane."""

    GOES_ON = "goes on"
    THROTTLED = "throttled"
    FAILED = "failed"
    PAUSED = "paused"
    UNSUPPORTED = "unsupported"


@dataclass(slots=True)
class Job:
    """Items to be sent in one request: events or, where `kind` says which, changes of profiles. `started_at` is when it began."""

    items: list[Any]
    is_bulk: bool
    kind: str = ""
    started_at: datetime | None = None

    @property
    def identifiers(self) -> set[str]:
        """Whom it is about: two requests about one shopper are never in flight at once."""
        if self.kind:
            return {each.identifier for each in self.items}
        return {item.profile.email or item.profile.phone for item in self.items}

    @property
    def pace(self) -> str:
        """Which rate limits count it."""
        return self.kind or ("bulk" if self.is_bulk else "single")

    def stops_lane(self, error: ConnectionPaused) -> bool:
        """Whether nothing at all may be sent until somebody helps. A scope that changes of profiles need stops no events, but for
        suppressions: nothing may be told before them.
        """
        return not (self.kind and self.kind != ProfileChange.Kind.SUPPRESS and error.reason == "scope")


@dataclass(slots=True)
class Conclusion:
    """The outcome of a job. `again` is to be sent at once, without going back to the database."""

    outcome: str
    receipt: Receipt
    effect: Effect
    error: str = ""
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    again: list[Job] = field(default_factory=list)
    cause: DeliveryError | None = None


def conclude(
    job: Job,
    result: Receipt | BaseException,
    claimed: Mapping[int, Claimed | ClaimedChange],
    *,
    ignores_repeats: bool,
    at: datetime,
    chance: float,
) -> Conclusion:
    """Judge a job by its result: a receipt, or what was raised instead of one.

    `ignores_repeats`: the destination knows a repeated event, so that what may have arrived can be sent again.
    """
    match result:
        case Receipt():
            accepted = {item.delivery_id: _accepted(item) for item in job.items}
            for place in result.left_out:
                accepted[job.items[place].delivery_id] = verdicts.skipped(Delivery.Reason.OPTED_OUT)
            return Conclusion("accepted", result, Effect.GOES_ON, verdicts=accepted)
        case Rejected():
            return _rejected(job, result)
        case Unavailable(ambiguous=True) if not (ignores_repeats or job.kind):
            doubtful = {item.delivery_id: verdicts.uncertain(result.detail) for item in job.items}
            return _failed(job, result, "unavailable", Effect.FAILED, doubtful)
        case Unavailable():
            waits = {
                item.delivery_id: verdicts.later(result, claimed[item.delivery_id].attempts, at=at, chance=chance)
                for item in job.items
            }
            effect = Effect.THROTTLED if result.throttled else Effect.FAILED
            outcome = "throttled" if result.throttled else "unavailable"
            return _failed(job, result, outcome, effect, waits)
        case ConnectionPaused() if not job.stops_lane(result):
            held = {item.delivery_id: verdicts.scope_missing(result.detail) for item in job.items}
            return _failed(job, result, "held", Effect.GOES_ON, held)
        case ConnectionPaused():
            return _failed(job, result, "paused", Effect.PAUSED, _unsent(job))
        case Unsupported():
            return _failed(job, result, "unsupported", Effect.UNSUPPORTED, _unsent(job))
        case _:
            return _unbuildable(job, result)


def _accepted(item: Outgoing | Change) -> Verdict:
    return verdicts.sent(is_backfill=isinstance(item, Outgoing) and item.backfill)


def _failed(job: Job, error: DeliveryError, outcome: str, effect: Effect, settled: dict[int, Verdict]) -> Conclusion:
    return Conclusion(outcome, error.receipt, effect, error=error.detail, verdicts=settled, cause=error)


def _unsent(job: Job) -> dict[int, Verdict]:
    return {item.delivery_id: UNSENT for item in job.items}


def _rejected(job: Job, error: Rejected) -> Conclusion:
    """A single event is dead, or was there already. A batch loses the items that were named, else it is halved."""
    conclusion = _failed(job, error, "refused", Effect.GOES_ON, {})
    named: dict[int, list[Fault]] = {}
    for fault in error.faults:
        if fault.index is not None and fault.index < len(job.items):
            named.setdefault(fault.index, []).append(fault)
    if len(job.items) == 1:
        conclusion.verdicts = {job.items[0].delivery_id: _verdict(job.items[0], error.faults, error)}
    elif named:
        conclusion.verdicts = {
            job.items[index].delivery_id: _verdict(job.items[index], faults, error) for index, faults in named.items()
        }
        rest = [item for index, item in enumerate(job.items) if index not in named]
        conclusion.again = _jobs(rest, job.kind)
    else:
        middle = len(job.items) // 2
        conclusion.again = _jobs(job.items[:middle], job.kind) + _jobs(job.items[middle:], job.kind)
    return conclusion


def _jobs(items: list[Any], kind: str) -> list[Job]:
    return [Job(items, is_bulk=len(items) > 1, kind=kind)] if items else []


def _verdict(item: Outgoing | Change, faults: Sequence[Fault], error: Rejected) -> Verdict:
    """An id that is said to be a repeat was recorded by an earlier request of ours: ids are unique here by constraint."""
    if faults and all(fault.duplicate for fault in faults):
        return _accepted(item)
    detail = "; ".join(f"{fault.detail} ({fault.pointer})" if fault.pointer else fault.detail for fault in faults)
    return verdicts.rejected(detail or error.detail)


def _unbuildable(job: Job, error: BaseException) -> Conclusion:
    """Our own mistake while building a request: halve the batch, so that it costs only the event that it is about."""
    detail = f"could not be sent: {type(error).__name__}"
    receipt = Receipt(status=0, duration_ms=0)
    if len(job.items) == 1:
        dead = {job.items[0].delivery_id: verdicts.rejected(detail)}
        return Conclusion("unbuildable", receipt, Effect.GOES_ON, error=detail, verdicts=dead)
    middle = len(job.items) // 2
    again = _jobs(job.items[:middle], job.kind) + _jobs(job.items[middle:], job.kind)
    return Conclusion("unbuildable", receipt, Effect.GOES_ON, error=detail, again=again)
