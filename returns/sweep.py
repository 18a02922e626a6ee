"""What the clock does with returns: it tells shoppers that time runs out, and completes what waits for an order that is there."""

from __future__ import annotations

import time
from datetime import datetime

from django.db import transaction
from django.db.models import F

from integrations import history, inbound
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
    while time.monotonic() < end:
        warned = warn(at=at)
        told += warned
        if warned < BATCH:
            break
    waiting = Return.objects.filter(order=None, completed_at=None).values("merchant")
    for merchant in Merchant.objects.filter(pk__in=waiting).prefetch_related("connections").order_by("pk"):
        if time.monotonic() > end:
            break
        with transaction.atomic():
            told += services.complete_waiting(merchant, at=at, most=BATCH)
    return told


@transaction.atomic
def warn(*, at: datetime, most: int = BATCH) -> int:
    """Tell of one batch of returns that were not sent and cannot be soon; returns how many.

    Rows that somebody else holds are passed over, and those of merchants whose messages wait: one may tell that it was sent.
    """
    due = Return.objects.filter(warns_at__lte=at).exclude(merchant__in=inbound.behind(at=at)).order_by("warns_at")
    rows = list(due.select_related("order", "customer").select_for_update(skip_locked=True, of=("self",))[:most])
    if not rows:
        return 0
    owners = Merchant.objects.filter(pk__in={each.merchant_id for each in rows}).prefetch_related("connections")
    merchants = {each.pk: each for each in owners}
    mine = Return.objects.filter(Among(F("pk"), [each.pk for each in rows]))
    mine.update(warned_at=F("warns_at"), warns_at=None)
    facts = [
        ReturnExpiring.of(Case(merchants[each.merchant_id], each, each.order), each.warns_at)
        for each in rows
        if each.warns_at and each.order and not each.order.is_test
    ]
    history.announce(*facts, at=at)
    return len(rows)
