"""Hints that there is work: at most one queued task of a kind, however many events arrive.

A hint may be lost, doubled or late without harm: the schedules (`config.schedules`) run the same ticks every minute, and what is
to be done stands in the database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from integrations.models import Tick

HANDLE_INBOUND = "handle_inbound"
DELIVER = "deliver"
TASKS = {HANDLE_INBOUND: "integrations.tasks.handle_inbound", DELIVER: "integrations.tasks.deliver"}
"""Dotted names of the ticks: frozen, because queued tasks carry them across deploys."""

FORGOTTEN_AFTER = timedelta(seconds=20)
"""A hint that no worker took up by then counts as lost, and the next one is queued again."""

COLLECTED_FOR = 0.05
"""Seconds for which a `Collector` gathers hints before it passes them on once more."""

logger = structlog.get_logger(__name__)
_held: ContextVar[set[str] | None] = ContextVar("held_hints", default=None)


def register(name: str, task: str) -> str:
    """Let a domain app's tick be asked for, too; `task` is its dotted name. Returns `name`."""
    TASKS[name] = task
    return name


def after_commit(name: str) -> None:
    """Ask for a tick once the current transaction is committed. A failure to ask never fails the transaction's caller."""
    transaction.on_commit(lambda: ask(name), robust=True)


def ask(name: str) -> None:
    """Ask for a tick now, unless one is asked for already."""
    held = _held.get()
    if held is not None:
        held.add(name)
    elif _collector is not None:
        _collector.add(name)
    else:
        _ask(name)


def _ask(name: str) -> None:
    now = timezone.now()
    unasked = Q(wanted_at=None) | Q(wanted_at__lt=now - FORGOTTEN_AFTER)
    try:
        if Tick.objects.filter(unasked, name=name).update(wanted_at=now) == 1:
            async_task(TASKS[name], ack_failure=True)
    except DatabaseError as error:
        logger.warning("wake.failed", tick=name, error=type(error).__name__)


class Collector:
    """Asks on behalf of a whole process, from a thread of its own: the first hint at once, the ones that follow closely as one.

    So requests do not wait for it, and hundreds in a second cost a few statements. A process that is killed within 50 ms takes
    its hint along: then the schedule runs the tick.
    """

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._bell = threading.Event()
        threading.Thread(target=self._run, name="hints", daemon=True).start()

    def add(self, name: str) -> None:
        """Ask for a tick soon."""
        self._wanted.add(name)
        self._bell.set()

    def pass_on(self) -> None:
        """Ask now for what was collected."""
        self._bell.clear()
        for name in TASKS:
            if name in self._wanted:
                # Forgotten before it is asked for: a hint that comes meanwhile is asked for once more.
                self._wanted.discard(name)
                _ask(name)

    def _run(self) -> None:
        while self._bell.wait():
            try:
                self.pass_on()
            except Exception as error:
                logger.exception("wake.failed", error=type(error).__name__)
            connection.close_if_unusable_or_obsolete()
            time.sleep(COLLECTED_FOR)


_collector: Collector | None = None


def collect() -> Collector:
    """From now on collect this process's hints: for processes that serve requests."""
    global _collector
    _collector = _collector or Collector()
    return _collector


@contextmanager
def held() -> Iterator[None]:
    """Collect the hints of a `with` block and give each once at its end: a batch of work asks for its sequel once."""
    hints: set[str] = set()
    token = _held.set(hints)
    try:
        yield
    finally:
        _held.reset(token)
        for hint in hints:
            ask(hint)
