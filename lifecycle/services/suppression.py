"""Who is not to be mailed any more is suppressed at the destinations, before anything else is told of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from integrations import consent, suppressions
from integrations.apart import Apart
from integrations.models import Customer, Merchant, Suppression
from integrations.models.suppression import IN_FORCE
from integrations.statements import CHUNK, Among
from lifecycle import pack
from lifecycle.models import LifecycleRules, Plan
from lifecycle.models.plan import DEAD

Reason = Suppression.Reason

GIVEN_UP = Q(is_mailed=False) | Q(status__iexact=DEAD)
"""The plans of whom nobody mails."""


def check(merchant: Merchant, customers: Sequence[Customer], *, at: datetime) -> int:
    """Suppress those who are dead or not subscribed to e-mail, and are not suppressed yet; returns how many.

    Only of merchants who have metrics of the pack on, and whose rules say so. To be called in the transaction of whatever is told
    of them, with the customers as they are now. One statement where there is nobody to suppress, a few more for each 500
    otherwise. Nobody is ever taken out of suppression by it.
    """
    named = {each.pk: each for each in customers if each.email and each.status != Customer.Status.ERASED}
    if not named or not pack.is_used_by(merchant):
        return 0
    reasons = _by_plan(merchant, named) | {key: Reason.OPTED_OUT for key in named if consent.has_opted_out(named[key])}
    if not reasons or LifecycleRules.objects.for_merchant(merchant).filter(suppresses=False).exists():
        return 0
    return suppressions.suppress(merchant, {named[key]: reason for key, reason in reasons.items()}, at=at)


def check_all(*, at: datetime, seconds: float) -> int:
    """The same of everybody who was dead or not subscribed before that was wanted, for `seconds` at most; returns how many."""
    until = time.monotonic() + seconds
    mine = {"merchant": OuterRef("pk")}
    users = Merchant.objects.filter(
        Exists(Plan.objects.filter(GIVEN_UP, **mine)),
        ~Exists(LifecycleRules.objects.filter(**mine, suppresses=False)),
        state=Merchant.State.ACTIVE,
    )
    with Apart() as apart:
        return sum(
            apart.do(each.pk, partial(_check_all_of, each, at=at, until=until), 0)
            for each in users.prefetch_related("connections").order_by("pk")
            if pack.is_used_by(each)
        )


def _check_all_of(merchant: Merchant, *, at: datetime, until: float) -> int:
    held = Suppression.objects.for_merchant(merchant).filter(IN_FORCE, email=OuterRef("customer__email"))
    mine = Plan.objects.for_merchant(merchant).filter(GIVEN_UP, ~Exists(held)).exclude(customer__email="")
    last, count, size = 0, 0, CHUNK
    while size == CHUNK and time.monotonic() < until:
        with transaction.atomic():
            plans = list(mine.filter(pk__gt=last).select_related("customer").order_by("pk")[:CHUNK])
            count += check(merchant, [each.customer for each in plans], at=at)
        last, size = (plans[-1].pk, len(plans)) if plans else (last, 0)
    return count


def _by_plan(merchant: Merchant, named: dict[int, Customer]) -> dict[int, Suppression.Reason]:
    plans = Plan.objects.for_merchant(merchant).filter(Among(F("customer_id"), named))
    given_up = plans.filter(GIVEN_UP)
    return {
        row.customer_id: Reason.DEAD if row.is_dead else Reason.NOT_MAILED
        for row in given_up.only("customer_id", "status")
    }
