"""One connection's lane in a worker's hands: its lease, its queue, its pace, and how its requests fare."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from integrations import connections, erasure, leases
from integrations.catalog import catalog
from integrations.delivery import backoff, changes, claim, outgoing, verdicts
from integrations.delivery.changes import ClaimedChange
from integrations.delivery.claim import Claimed
from integrations.delivery.conclude import Conclusion, Effect, Job, conclude
from integrations.delivery.pace import Pace
from integrations.delivery.settle import attempt_of, settle
from integrations.delivery.verdicts import UNSENT, Verdict
from integrations.destinations import registry
from integrations.destinations.base import ConnectionPaused, Outgoing, Receipt, Unavailable
from integrations.models import Connection, Delivery, DeliveryAttempt, Lane, ProfileChange

LEASE_SECONDS = 45
RENEW_AFTER = timedelta(seconds=10)
LOOK_AGAIN_AFTER = timedelta(seconds=1)
"""When a lane that had nothing more is asked again while it is open; once it is closed, it is found as all others are."""

SINGLES_IN_FLIGHT = 4
BULK_OVER = 200
"""A backlog of more than this travels in bulk; fewer go singly, which Klaviyo de-duplicates silently."""

CLAIMED_AT_LEAST = 100
"""Events in a claim, where a destination takes fewer in a request."""

LEARNT = tuple(field.name for field in Lane._meta.fields if field.name not in {"id", "merchant", "connection"})
"""Fields of a lane that a worker writes."""

UNSUPPORTED_FOR = timedelta(minutes=15)

logger = structlog.get_logger(__name__)


class OpenLane:
    """A lane whose lease this worker holds.

    Claimed deliveries wait in `queue` as jobs. At most one bulk job is in flight, or a few single ones, never two that are
    about the same shopper. A lane that was blocked takes no more work and is to be closed once nothing is in flight.
    """

    def __init__(self, connection: Connection, held: leases.Held, *, has_changes: bool, at: datetime) -> None:
        self.connection = connection
        self.row = connection.lane
        self.destination = registry.get(connection.kind)
        self.session = self.destination.open(connection.secret.reveal(), connection.address)
        self.queue: deque[Job] = deque()
        self.in_flight: list[Job] = []
        self.is_blocked = False
        self.is_refused = False
        self.has_more = True
        self.has_changes = has_changes
        self.has_claimed = False
        self.counts: dict[str, int] = {}
        self.held = held
        self._renewed_at = at
        self._looked_at = at
        self._claimed: dict[int, Claimed | ClaimedChange] = {}
        limits = {"single": self.destination.single_limits, "bulk": self.destination.bulk_limits}
        limits |= {kind: carrying.limits for kind, carrying in self.destination.changes.items()}
        self._paces = {name: Pace(each, Pace.restore(self.row.limits.get(name))) for name, each in limits.items()}

    @classmethod
    def open(cls, connection: Connection, *, at: datetime, has_in_flight: bool, has_changes: bool) -> OpenLane | None:
        """Take the lane's lease, and what a dead holder left in flight; None while another worker holds it.

        `has_in_flight`: something was marked as in flight there when the lane was found, which was then held by nobody. Whoever
        held it since and died holds it still: a lease outlasts its holder. `has_changes`: changes of profiles were due.
        """
        held = leases.acquire(f"{claim.LANE_LEASE}{connection.pk}", LEASE_SECONDS)
        if held is None:
            return None
        recovered = claim.recover(connection, held.epoch, at=at) if has_in_flight else 0
        if recovered:
            logger.warning("lane.recovered", connection=connection.pk, deliveries=recovered)
        return cls(connection, held, has_changes=has_changes or bool(recovered), at=at)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to start."""
        return self.is_blocked or not (self.queue or self.has_more or self.has_changes)

    @property
    def _claim_size(self) -> int:
        """Where a repeat counts, few are claimed: what a killed worker had in hand is in doubt, sent or not."""
        if not self.destination.ignores_repeats:
            return SINGLES_IN_FLIGHT
        return max(self.destination.bulk_items, CLAIMED_AT_LEAST)

    def refill(self, *, at: datetime) -> None:
        """Claim what is due, once the queue is empty: one request of changes of profiles, and then events.

        `has_more` is False when fewer events were due than could be claimed, `has_changes` when no other change was.
        """
        nothing_known = not (self.has_more or self.has_changes)
        if self.queue or self.is_blocked or (nothing_known and at - self._looked_at < LOOK_AGAIN_AFTER):
            return
        self._looked_at = at
        if self.has_changes:
            self._refill_with_changes(at=at)
        if self.queue and self.row.opened:
            return
        most = 1 if self.row.opened else self._claim_size
        rows = claim.take(self.connection, self.held.epoch, most=most, at=at)
        self.has_more = len(rows) == most
        self.has_claimed = self.has_claimed or bool(rows)
        self._claimed.update((row.id, row) for row in rows)
        ready, settled = outgoing.prepare(self.connection, rows, destination=self.destination, at=at)
        fit: list[Outgoing] = []
        for item in ready:
            problems = self.destination.problems(item, at=at)
            if problems:
                settled[item.delivery_id] = verdicts.rejected("; ".join(problems))
            else:
                fit.append(item)
        self._enqueue(fit)
        if settled:
            self._settle(settled, [], at=at)

    def _refill_with_changes(self, *, at: datetime) -> None:
        """Claim the changes that go with the oldest one that is due."""
        kinds, most = self.destination.changes, 1 if self.row.opened else changes.LOOKED_AT
        rows, self.has_changes = changes.take(self.connection, self.held.epoch, carrying=kinds, most=most, at=at)
        self.has_claimed = self.has_claimed or bool(rows)
        self._claimed.update((row.id, row) for row in rows)
        ready, settled = changes.prepare(self.connection, rows, kinds=kinds, at=at)
        fit = []
        for item in ready:
            problems = self.destination.change_problems(item)
            if problems:
                settled[item.delivery_id] = verdicts.rejected("; ".join(problems))
            else:
                fit.append(item)
        if fit and kinds[fit[0].kind].most > 1:
            self.queue.append(Job(fit, is_bulk=len(fit) > 1, kind=fit[0].kind))
        else:
            self.queue.extend(Job([item], is_bulk=False, kind=item.kind) for item in fit)
        if settled:
            self._settle(settled, [], at=at)

    def _enqueue(self, items: list[Outgoing]) -> None:
        """A backlog of what was never in doubt goes in bulk, and what is in doubt singly behind it; a few go singly all."""
        certain = [item for item in items if not self._claimed[item.delivery_id].is_ambiguous]
        if len(certain) > BULK_OVER and self.destination.bulk_items > 1:
            self.queue.extend(Job(batch, is_bulk=True) for batch in self.destination.batches(certain))
            items = [item for item in items if self._claimed[item.delivery_id].is_ambiguous]
        self.queue.extend(Job([item], is_bulk=False) for item in items)

    def next_job(self) -> Job | None:
        """Take from the queue what may be sent beside what is in flight."""
        if self.is_blocked or self.is_refused or not self.queue or any(job.is_bulk for job in self.in_flight):
            return None
        if self.queue[0].is_bulk:
            return None if self.in_flight else self.queue.popleft()
        if len(self.in_flight) >= SINGLES_IN_FLIGHT:
            return None
        busy = {identifier for job in self.in_flight for identifier in job.identifiers}
        for index, job in enumerate(self.queue):
            if job.is_bulk or job.pace != self.queue[0].pace:
                return None
            if busy.isdisjoint(job.identifiers):
                del self.queue[index]
                return job
        return None

    def wait(self, *, at: datetime) -> float:
        """Seconds until the rate limit lets the next job go."""
        return self._paces[self.queue[0].pace].wait(at.timestamp()) if self.queue else 0.0

    def start(self, job: Job) -> None:
        """Note that `job` is on its way."""
        self.in_flight.append(job)
        self._paces[job.pace].start()

    def send(self, job: Job) -> Receipt:
        """Make the request: no database, safe to call from another thread. Raises a `DeliveryError`.

        That the connection is refused is told at once, for the next request may be started before this answer is settled.
        """
        try:
            if job.kind:
                return self.session.send_changes(job.items)
            if job.is_bulk:
                return self.session.send_bulk(job.items)
            return self.session.send_one(job.items[0])
        except ConnectionPaused as error:
            self.is_refused = self.is_refused or job.stops_lane(error)
            raise

    def finish(self, results: list[tuple[Job, Receipt | BaseException]], *, at: datetime) -> None:
        """Settle jobs that came back, each with its result."""
        attempts: list[DeliveryAttempt] = []
        settled: dict[int, Verdict] = {}
        conclusions = []
        for job, result in results:
            self.in_flight.remove(job)
            conclusion = conclude(
                job,
                result,
                self._claimed,
                ignores_repeats=self.destination.ignores_repeats,
                at=at,
                chance=random.random(),  # noqa: S311
            )
            ids = [item.delivery_id for item in job.items]
            started_at = job.started_at or at
            attempts.append(attempt_of(self.connection, conclusion, ids, is_bulk=job.is_bulk, started_at=started_at))
            settled.update(conclusion.verdicts)
            self._paces[job.pace].answer(at.timestamp())
            self._paces[job.pace].learn(conclusion.receipt.windows)
            self.queue.extendleft(reversed(conclusion.again))
            conclusions.append(conclusion)
        self._settle(settled | self._hold_back(settled), attempts, at=at)
        if any(job.kind == ProfileChange.Kind.ERASE for job, _ in results):
            sent = [key for key, verdict in settled.items() if verdict.state == Delivery.State.SENT]
            erasure.passed_on(self.connection.merchant_id, sent)
        for conclusion in conclusions:
            self._apply(conclusion, at=at)

    def fail(self, error: Exception, *, at: datetime) -> None:
        """Take the lane out of service for a while after a mistake of ours, so that it costs no other lane anything."""
        logger.exception("lane.failed", connection=self.connection.pk, error=type(error).__name__)
        self.row.failed_at, self.row.last_error = at, f"internal error: {type(error).__name__}"
        self._block(backoff.CIRCUIT_FIRST, self.row.last_error, at=at)

    def renew(self, *, at: datetime) -> bool:
        """Hold on to the lease. False: it is lost, so the lane must be dropped as it is; its new holder settles the rest."""
        if at - self._renewed_at < RENEW_AFTER:
            return True
        self._renewed_at = at
        return self.held.renew(LEASE_SECONDS)

    def put_back(self, *, at: datetime) -> None:
        """Give back what was not sent, and note what was learnt, before the lane is closed. Nothing may be in flight."""
        unsent = dict.fromkeys(self._claimed, UNSENT)
        self.queue.clear()
        if unsent:
            self._settle(unsent, [], at=at)
        now = at.timestamp()
        self.row.limits = {name: summary for name, pace in self._paces.items() if (summary := pace.summary(now))}
        self.row.served_at = at

    def abandon(self) -> None:
        """Drop a lane whose lease is lost, without writing anything."""
        self.session.close()

    def _settle(self, settled: dict[int, Verdict], attempts: list[DeliveryAttempt], *, at: datetime) -> None:
        settle(
            self.connection,
            self.held.epoch,
            settled,
            at=at,
            attempts=attempts,
            followed_by_others=self._followed_by_others(settled),
        )
        for delivery_id, verdict in settled.items():
            self._claimed.pop(delivery_id, None)
            self.counts[verdict.state] = self.counts.get(verdict.state, 0) + 1

    def _followed_by_others(self, settled: dict[int, Verdict]) -> list[int]:
        """Those for which other events may wait, and need not any more."""
        ended = (
            key for key, verdict in settled.items() if verdict.state in (Delivery.State.SENT, Delivery.State.SKIPPED)
        )
        rows = (self._claimed[key] for key in ended)
        return [row.id for row in rows if isinstance(row, Claimed) and row.metric in catalog.following]

    def _hold_back(self, settled: dict[int, Verdict]) -> dict[int, Verdict]:
        """Put back what was claimed with an event of its subject that failed: until that one is due, or may be passed."""
        until: dict[str, datetime] = {}
        for delivery_id, verdict in settled.items():
            row = self._claimed[delivery_id]
            if verdict.not_before is not None and row.subject:
                until[row.subject] = min(verdict.not_before, row.first_attempt_at + claim.BARRIER)
        held: dict[int, Verdict] = {}
        for job in self.queue if until else ():
            for item in job.items:
                subject = self._claimed[item.delivery_id].subject
                if subject in until:
                    held[item.delivery_id] = verdicts.unsent(not_before=until[subject])
            job.items = [item for item in job.items if item.delivery_id not in held]
        if held:
            self.queue = deque(job for job in self.queue if job.items)
        return held

    def _apply(self, conclusion: Conclusion, *, at: datetime) -> None:
        """What an outcome does to the lane: a success closes the circuit, trouble blocks it for a while."""
        row = self.row
        if conclusion.effect is Effect.GOES_ON:
            row.failures = row.opened = 0
            if not self.is_blocked:
                row.blocked_until, row.blocked_reason = None, ""
            if conclusion.outcome == "accepted":
                row.succeeded_at = at
                return
        row.failed_at, row.last_error = at, conclusion.error[:300]
        if conclusion.effect is Effect.FAILED:
            row.failures += 1
            if not self.is_blocked and (row.opened or row.failures >= backoff.CIRCUIT_FAILURES):
                self._block(backoff.circuit_delay(row.opened), conclusion.error, at=at)
                row.opened += 1
        elif conclusion.effect is Effect.THROTTLED:
            retry_after = conclusion.cause.retry_after if isinstance(conclusion.cause, Unavailable) else None
            delay = backoff.throttle_delay(retry_after, row.failures, chance=random.random())  # noqa: S311
            self._block(delay, conclusion.error, at=at)
        elif conclusion.effect is Effect.UNSUPPORTED:
            self._block(UNSUPPORTED_FOR, conclusion.error, at=at)
        elif conclusion.effect is Effect.PAUSED and isinstance(conclusion.cause, ConnectionPaused):
            self.is_blocked = True
            connections.pause(self.connection, conclusion.cause.reason, detail=conclusion.error, at=at)

    def _block(self, delay: timedelta, reason: str, *, at: datetime) -> None:
        self.is_blocked = True
        self.row.blocked_until = at + delay
        self.row.blocked_reason = reason[:200]


def close(lanes: Sequence[OpenLane], *, at: datetime) -> None:
    """Leave lanes and let the next worker in: two statements for any number of lanes that have nothing to put back."""
    for lane in lanes:
        lane.put_back(at=at)
    with transaction.atomic():
        rows = [lane.row for lane in lanes]
        Lane.objects.bulk_create(rows, update_conflicts=True, unique_fields=["pk"], update_fields=LEARNT)
        leases.release([lane.held for lane in lanes])
    for lane in lanes:
        lane.session.close()
