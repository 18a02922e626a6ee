"""A merchant's rules of what its pages tell: what they are, and changing them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import Merchant
from lifecycle.models import LifecycleRules

LABELS = {
    "checkout_told_by": "Started Checkout and started.signup",
    "cancelling_told_by": "Cancelled Account and cancelled",
    "signed_identities_only": "signed identities only",
    "missed_signup_hours": "hours until a sign-up counts as missed",
}
"""What can be changed here, and what the trail calls it."""


def of(merchant: Merchant | int) -> LifecycleRules:
    """The rules that hold: the merchant's own, else the defaults, which are not saved."""
    found = LifecycleRules.objects.for_merchant(merchant).first()
    return found or LifecycleRules(merchant_id=merchant if isinstance(merchant, int) else merchant.pk)


def change_onsite(merchant: Merchant, *, by: Actor, at: datetime, **values: object) -> LifecycleRules:
    """Set rules of `LABELS`; what is not named stays. What was changed is noted in the trail."""
    with transaction.atomic():
        rules, _ = LifecycleRules.objects.select_for_update().get_or_create(merchant=merchant)
        changed = [name for name in LABELS if name in values and getattr(rules, name) != values[name]]
        if not changed:
            return rules
        for name in changed:
            setattr(rules, name, values[name])
        rules.save(update_fields=changed)
        details = [f"{LABELS[name]}: {_shown(rules, name)}" for name in changed]
        audit.note(merchant, by, "changed the rules of what pages tell", details, at=at)
    return rules


def _shown(rules: LifecycleRules, name: str) -> str:
    shown = getattr(rules, f"get_{name}_display", None)
    return str(shown() if shown else getattr(rules, name))
