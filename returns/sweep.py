"""What the clock does with returns: it tells shoppers that time runs out, and completes what waits for an order that is there."""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F

from integrations import history, inbound
from integrations.apart import Apart
from integrations.models import Merchant
from integrations.statements import Among
from returns import services
from returns.case import Case
from returns.facts import ReturnExpiring
from returns.models import Return

BATCH = 500
"""Rows in one transaction."""


def sweep(*, at: datetime, seconds: float) -> int:
    """Do what is due, for so many seconds; returns how many returns were told of. What is left is due at the next tick."""
    end, told = time.monotonic() + seconds, 0
    # One of a merchant's messages that wait may tell that a return was sent.
    due = Return.objects.filter(warns_at__lte=at).exclude(merchant__in=inbound.behind(at=at))
    waiting = Return.objects.filter(order=None, completed_at=None)
    with Apart() as apart:
        for rows, take in ((due, _warn_all), (waiting, _complete)):
            merchants = Merchant.objects.filter(pk__in=rows.values("merchant")).prefetch_related("connections")
            for merchant in merchants.order_by("pk"):
                if time.monotonic() > end:
                    return told
                told += apart.do((take, merchant.pk), partial(take, merchant, at=at, end=end), 0)
    return told


def _warn_all(merchant: Merchant, *, at: datetime, end: float) -> int:
    told, warned = 0, BATCH
    while warned == BATCH and time.monotonic() < end:
        warned = warn(merchant, at=at)
        told += warned
    return told


@transaction.atomic
def _complete(merchant: Merchant, *, at: datetime, end: float) -> int:
    return services.complete_waiting(merchant, at=at, most=BATCH)


@transaction.atomic
def warn(merchant: Merchant, *, at: datetime, most: int = BATCH) -> int:
    """Tell of one batch of a merchant's returns that were not sent and cannot be soon; returns how many.

    Rows that somebody else holds are passed over.
    """
    due = Return.objects.for_merchant(merchant).filter(warns_at__lte=at).order_by("warns_at")
    rows = list(due.select_related("order", "customer").select_for_update(skip_locked=True, of=("self",))[:most])
    if not rows:
        return 0
    mine = Return.objects.for_merchant(merchant).filter(Among(F("pk"), [each.pk for each in rows]))
    mine.update(warned_at=F("warns_at"), warns_at=None)
    facts = [
        ReturnExpiring.of(Case(merchant, each, each.order), each.warns_at)
        for each in rows
        if each.warns_at and each.order and not each.order.is_test
    ]
    history.announce(*facts, at=at)
    return len(rows)
