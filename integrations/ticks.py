"""The log of ticks: when each kind last ran. The watchdog and the health page read it as the cluster's heartbeat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog
from django.utils import timezone

from integrations.models import Tick

logger = structlog.get_logger(__name__)


class TickFailed(Exception):
    """A tick ended with an error. The error's own text, which may name a shopper, is in the log only, where it is hidden:
    django-q2 keeps in its table whatever is raised.
    """


@contextmanager
def running(name: str) -> Iterator[None]:
    """Note that a tick begins (which answers any hint that asked for it) and, if it gets there, that it ended.

    Raises `TickFailed` in place of what the tick raised.
    """
    began = timezone.now()
    if not Tick.objects.filter(name=name).update(wanted_at=None, started_at=began):
        Tick.objects.bulk_create([Tick(name=name, started_at=began)], ignore_conflicts=True)
    try:
        yield
    except Exception as error:
        logger.exception("tick.failed", tick=name)
        raise TickFailed(f"{name} ended with {type(error).__name__}: see the log").with_traceback(
            error.__traceback__
        ) from None
    Tick.objects.filter(name=name).update(finished_at=timezone.now())


def last_finished(name: str) -> datetime | None:
    """When a tick of that kind last ended well."""
    return Tick.objects.filter(name=name).values_list("finished_at", flat=True).first()
