"""Who is not to be mailed any more is suppressed at the destinations, before anything else is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Q

from integrations import consent, suppressions
from integrations.models import Customer, Merchant, Suppression
from integrations.statements import Among
from lifecycle import pack
from lifecycle.models import LifecycleRules, Plan
from lifecycle.models.plan import DEAD

Reason = Suppression.Reason


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


def _by_plan(merchant: Merchant, named: dict[int, Customer]) -> dict[int, Suppression.Reason]:
    plans = Plan.objects.for_merchant(merchant).filter(Among(F("customer_id"), named))
    given_up = plans.filter(Q(is_mailed=False) | Q(status__iexact=DEAD))
    return {
        row.customer_id: Reason.DEAD if row.is_dead else Reason.NOT_MAILED
        for row in given_up.only("customer_id", "status")
    }
