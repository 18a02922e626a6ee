"""Hints that there is work: at most one queued task of a kind, however many events arrive.

A hint may be lost, doubled or late without harm: the schedules (`config.schedules`) run the same ticks every minute, and what is
to be done stands in the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

import structlog
from django.db import DatabaseError, transaction
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

logger = structlog.get_logger(__name__)
_held: ContextVar[set[str] | None] = ContextVar("held_hints", default=None)


def after_commit(name: str) -> None:
    """Ask for a tick once the current transaction is committed. A failure to ask never fails the transaction's caller."""
    transaction.on_commit(lambda: ask(name), robust=True)


def ask(name: str) -> None:
    """Ask for a tick now, unless one is asked for already."""
    held = _held.get()
    if held is not None:
        held.add(name)
        return
    now = timezone.now()
    unasked = Q(wanted_at=None) | Q(wanted_at__lt=now - FORGOTTEN_AFTER)
    try:
        if Tick.objects.filter(unasked, name=name).update(wanted_at=now) == 1:
            async_task(TASKS[name], ack_failure=True)
    except DatabaseError as error:
        logger.warning("wake.failed", tick=name, error=type(error).__name__)


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
