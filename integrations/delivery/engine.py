"""The scheduler of requests: many lanes at once, one thread on the database, a small pool of threads on the network.

A destination that hangs holds one slot of the pool and nothing else. Lanes are served in turn, least recently served first.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError
from django.utils import timezone

from integrations import connections
from integrations.delivery.claim import lanes_with_work
from integrations.delivery.conclude import Job
from integrations.delivery.lane import OpenLane, close
from integrations.destinations.base import Receipt
from integrations.fields import Undecryptable
from integrations.models import Delivery, Merchant

CONCURRENCY = 32
"""Requests in flight in one process."""

LOOK_AHEAD = 32
"""Lanes with work that are found by one look. Each is opened when its turn comes: until then another worker may."""

LOOK_EVERY = 0.2
"""Seconds between two looks for lanes with work while requests are in flight."""

REST = 1.0
"""Seconds for which a lane is left alone that had nothing to send: what is due there waits for an earlier event."""

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Summary:
    """What a run did: deliveries by the state they were left in, and requests made."""

    states: dict[str, int] = field(default_factory=dict)
    requests: int = 0

    @property
    def sent(self) -> int:
        """Deliveries that the destination accepted."""
        return self.states.get(Delivery.State.SENT, 0)


class Engine:
    """Delivers what is due. One instance, one thread; any number of processes side by side.

    `merchant` limits it to one merchant. `progress` is called with the states of the deliveries just settled. `clock` gives
    the present instant (UTC).
    """

    def __init__(
        self,
        *,
        merchant: Merchant | None = None,
        progress: Callable[[dict[str, int]], None] = lambda states: None,
        clock: Callable[[], datetime] = timezone.now,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._merchant = merchant
        self._progress = progress
        self._clock = clock
        self._concurrency = concurrency
        self._lanes: OrderedDict[int, OpenLane] = OrderedDict()
        self._running: dict[Future[Receipt], tuple[OpenLane, Job]] = {}
        self._look_at = 0.0
        self._resting: dict[int, float] = {}
        self._found: deque[Any] = deque()
        self._found_work = True
        self._summary = Summary()

    def run(
        self,
        *,
        seconds: float,
        stop: Callable[[], bool] = lambda: False,
        hand_over: Callable[[], object] = bool,
    ) -> Summary:
        """Deliver until nothing is due or `seconds` are over; requests in flight by then are still waited for and settled.

        `hand_over` is called at the moment when the time is over before the work is, so that another takes it up.
        """
        self._summary = Summary()
        self._found.clear()
        self._found_work = True
        self._look_at = 0.0
        deadline = time.monotonic() + seconds
        is_over = False
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="deliver")
        try:
            while True:
                is_open = time.monotonic() < deadline and not stop()
                if is_open:
                    self._look_for_lanes()
                    self._start_requests(pool)
                elif not is_over:
                    is_over = True
                    hand_over()
                self._close_idle_lanes(all_of_them=not is_open)
                if not self._running and (not is_open or not (self._lanes or self._found_work)):
                    return self._summary
                self._wait()
                self._finish_requests()
        finally:
            self._give_up()
            pool.shutdown(wait=False, cancel_futures=True)

    def _look_for_lanes(self) -> None:
        """Find lanes with work as long as slots are free: at once where the last look found as many as it could take."""
        most = min(self._concurrency - len(self._lanes), LOOK_AHEAD)
        now = time.monotonic()
        if self._found or most < 1 or now < self._look_at:
            return
        self._resting = {pk: until for pk, until in self._resting.items() if until > now}
        busy = [*self._lanes, *self._resting]
        self._found.extend(lanes_with_work(at=self._clock(), busy=busy, merchant=self._merchant)[:most])
        self._look_at = time.monotonic() + (LOOK_EVERY if len(self._found) < most else 0)
        self._found_work = False

    def _start_requests(self, pool: ThreadPoolExecutor) -> None:
        """Start jobs while slots are free: one of each lane just found, then one of the lane that has waited longest.

        A batch that came back is settled before another is claimed, so that few are held in memory.
        """
        idle = 0
        while len(self._running) < self._concurrency:
            if self._found:
                lane = self._open(self._found.popleft())
                if lane is not None:
                    self._start_one(lane, pool)
            elif idle < len(self._lanes):
                pk, lane = next(iter(self._lanes.items()))
                self._lanes.move_to_end(pk)
                idle = 0 if self._start_one(lane, pool) else idle + 1
            else:
                return
            if any(future.done() and job.is_bulk for future, (_, job) in self._running.items()):
                return

    def _open(self, connection: Any) -> OpenLane | None:
        """Open a lane that was found (a connection with `has_in_flight` and `has_changes`); None where that cannot be."""
        try:
            lane = OpenLane.open(
                connection, at=self._clock(), has_in_flight=connection.has_in_flight, has_changes=connection.has_changes
            )
        except Undecryptable as error:
            connections.pause(connection, "auth", detail=str(error), at=self._clock())
        except DatabaseError:
            raise
        except Exception:
            # A connection that cannot even be opened (no lane, an unknown kind) must not keep the others waiting.
            logger.exception("lane.unopened", connection=connection.pk)
        else:
            if lane is not None:
                self._lanes[connection.pk] = lane
                self._found_work = True
            return lane
        return None

    def _start_one(self, lane: OpenLane, pool: ThreadPoolExecutor) -> bool:
        at = self._clock()
        try:
            lane.refill(at=at)
        except DatabaseError:
            raise
        except Exception as error:
            lane.fail(error, at=at)
        if lane.wait(at=at) > 0:
            return False
        job = lane.next_job()
        if job is None:
            return False
        lane.start(job)
        self._running[pool.submit(self._send, lane, job)] = (lane, job)
        self._summary.requests += 1
        return True

    def _send(self, lane: OpenLane, job: Job) -> Receipt:
        """In a thread of its own, which a busy machine may begin late: the request begins when it does."""
        job.started_at = self._clock()
        return lane.send(job)

    def _wait(self) -> None:
        """Until a request comes back, a rate limit lets the next one go, or it is time to look again."""
        at = self._clock()
        waits = [pause for lane in self._lanes.values() if (pause := lane.wait(at=at)) > 0]
        timeout = min([LOOK_EVERY, *waits])
        if self._running:
            wait(self._running, timeout=timeout, return_when=FIRST_COMPLETED)
        elif self._lanes or self._found_work:
            time.sleep(timeout)

    def _finish_requests(self) -> None:
        """Settle what came back, lane by lane, and hold on to the leases of the others."""
        results: dict[int, list[tuple[Job, Receipt | BaseException]]] = {}
        for future in [each for each in self._running if each.done()]:
            lane, job = self._running.pop(future)
            error = future.exception()
            result = error if error is not None else future.result()
            results.setdefault(lane.connection.pk, []).append((job, result))
        at = self._clock()
        for lane in list(self._lanes.values()):
            if not lane.renew(at=at):
                logger.warning("lane.lost", connection=lane.connection.pk)
                self._forget(lane)
            elif lane.connection.pk in results:
                self._finish(lane, results[lane.connection.pk], at=at)

    def _finish(self, lane: OpenLane, results: list[tuple[Job, Receipt | BaseException]], *, at: datetime) -> None:
        """A mistake of ours in one lane is its own: what it had in flight is recovered by the next holder, as in doubt."""
        try:
            lane.finish(results, at=at)
        except DatabaseError:
            raise
        except Exception:
            logger.exception("lane.abandoned", connection=lane.connection.pk)
            self._forget(lane)
        else:
            self._count(lane)

    def _close_idle_lanes(self, *, all_of_them: bool) -> None:
        self._close([lane for lane in self._lanes.values() if not lane.in_flight and (all_of_them or lane.is_done)])

    def _close(self, lanes: list[OpenLane]) -> None:
        if not lanes:
            return
        close(lanes, at=self._clock())
        for lane in lanes:
            if lane.has_claimed:
                # What waited behind what it sent may be due by now, and no look has seen it while the lane was open.
                self._found_work = True
            else:
                self._resting[lane.connection.pk] = time.monotonic() + REST
            self._count(lane)
            del self._lanes[lane.connection.pk]

    def _give_up(self) -> None:
        """Leave every lane, as well as that is possible. What is in flight, or cannot be written now, is in doubt: the next
        holder recovers it as such.
        """
        for lane in list(self._lanes.values()):
            if lane.in_flight:
                self._forget(lane)
                continue
            try:
                self._close([lane])
            except DatabaseError as error:
                logger.warning("lane.abandoned", connection=lane.connection.pk, error=type(error).__name__)
                self._forget(lane)

    def _forget(self, lane: OpenLane) -> None:
        lane.abandon()
        del self._lanes[lane.connection.pk]
        for future in [each for each, (owner, _) in self._running.items() if owner is lane]:
            del self._running[future]

    def _count(self, lane: OpenLane) -> None:
        if not lane.counts:
            return
        for state, count in lane.counts.items():
            self._summary.states[state] = self._summary.states.get(state, 0) + count
        self._progress(lane.counts)
        lane.counts = {}
