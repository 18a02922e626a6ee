"""`manage.py deliver`: what the workers do, in the foreground."""

from __future__ import annotations

import json
import math
import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from integrations import inbound, launch, replays
from integrations.apart import Apart
from integrations.delivery.engine import Engine
from integrations.management.arguments import one_line
from integrations.management.naming import find_merchant
from integrations.models import Connection, Delivery, Merchant

UNDELIVERED = (Delivery.State.PENDING, Delivery.State.SENDING)
ROUND_SECONDS = 30
PAUSE_SECONDS = 0.2
SOON = timedelta(seconds=60)


class Command(BaseCommand):
    """Handle what was received and deliver what is due, without any cluster."""

    help = "Handle stored messages and deliver what is due, in the foreground. Works with no cluster at all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument(
            "--merchant", type=one_line, help="public id or name of one merchant; all of them if left out"
        )
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--until-empty",
            action="store_true",
            help="go on until nothing waits, or what waits is not due within a minute",
        )
        how.add_argument("--forever", action="store_true", help="go on until stopped")
        parser.add_argument("--json", action="store_true", help="print the outcome as one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Deliver; raise `CommandError` if something stays undelivered."""
        merchant = find_merchant(options["merchant"]) if options["merchant"] is not None else None
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        if options["forever"]:
            self._forever(merchant, stopped)
            return
        began = timezone.now()
        sent = self._with_progress(merchant, stopped, until_empty=options["until_empty"])
        left, dead = _waiting(merchant).count(), _failed(merchant).filter(settled_at__gte=began).count()
        if options["json"]:
            self.stdout.write(json.dumps({"sent": sent, "waiting": left, "failed": dead}))
        else:
            self.stdout.write(f"{sent} accepted, {left} waiting, {dead} failed")
        if left or dead:
            raise CommandError(
                f"{left} deliveries still wait and {dead} failed: see Deliveries in the admin for each reason"
            )

    def _forever(self, merchant: Merchant | None, stopped: threading.Event) -> None:
        """Handle and deliver side by side, so that a hanging account keeps no message waiting."""
        engine = Engine(merchant=merchant)

        def handle() -> None:
            _take_in(merchant, stopped)

        def deliver() -> None:
            # Without an end of its own: at its end a run waits for what hangs, and starts nothing else meanwhile.
            engine.run(seconds=math.inf, stop=stopped.is_set)

        with ThreadPoolExecutor(2) as pool:
            running = [pool.submit(self._again_and_again, work, stopped) for work in (handle, deliver)]
        for each in running:
            each.result()

    def _again_and_again(self, work: Callable[[], None], stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                work()
            except DatabaseError as error:
                self.stderr.write(f"the database is in trouble ({type(error).__name__}); trying again")
                connection.close()
                stopped.wait(1)
            except BaseException:
                stopped.set()
                raise
            stopped.wait(PAUSE_SECONDS)
        connection.close()

    def _with_progress(self, merchant: Merchant | None, stopped: threading.Event, *, until_empty: bool) -> int:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        sent = 0
        with Progress(*columns, transient=True) as progress:
            task = progress.add_task("delivering", total=_waiting(merchant).count())

            def advance(states: dict[str, int]) -> None:
                nonlocal sent
                sent += states.get(Delivery.State.SENT, 0)
                progress.advance(task, sum(states.values()))

            engine = Engine(merchant=merchant, progress=advance)
            while not stopped.is_set():
                self._round(engine, merchant, stopped)
                left = _waiting(merchant).count()
                progress.update(task, total=int(progress.tasks[0].completed) + left)
                if not until_empty or not _due_soon(merchant).exists():
                    return sent
                time.sleep(PAUSE_SECONDS)
        return sent

    def _round(self, engine: Engine, merchant: Merchant | None, stopped: threading.Event) -> None:
        with Apart() as apart:
            apart.do("intake", lambda: _take_in(merchant, stopped), None)
            engine.run(seconds=ROUND_SECONDS, stop=stopped.is_set)


def _take_in(merchant: Merchant | None, stopped: threading.Event) -> None:
    """What comes before delivery. A launch or a replay that fails keeps no message waiting."""
    with Apart() as apart:
        apart.do("launches", lambda: launch.launch_due(at=timezone.now()), 0)
        apart.do("replays", lambda: replays.advance_due(at=timezone.now(), seconds=ROUND_SECONDS), 0)
        inbound.handle_due(seconds=ROUND_SECONDS, merchant=merchant, stop=stopped.is_set)


def _of(merchant: Merchant | None) -> QuerySet[Delivery]:
    return Delivery.objects.for_merchant(merchant) if merchant else Delivery.objects.all()


def _waiting(merchant: Merchant | None) -> QuerySet[Delivery]:
    return _of(merchant).filter(state__in=UNDELIVERED)


def _due_soon(merchant: Merchant | None) -> QuerySet[Delivery]:
    """What another worker has in hand, and what may be sent within a minute."""
    soon = timezone.now() + SOON
    unblocked = Q(connection__lane__blocked_until=None) | Q(connection__lane__blocked_until__lte=soon)
    is_due = Q(state=Delivery.State.PENDING, not_before__lte=soon) & unblocked
    active = _of(merchant).filter(connection__state=Connection.State.ACTIVE, merchant__state=Merchant.State.ACTIVE)
    return active.filter(is_due | Q(state=Delivery.State.SENDING))


def _failed(merchant: Merchant | None) -> QuerySet[Delivery]:
    return _of(merchant).filter(state__in=[Delivery.State.DEAD, Delivery.State.EXPIRED])
