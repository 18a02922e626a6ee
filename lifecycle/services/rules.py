"""By which rules a merchant's subscribers are handled: the only writer of LifecycleRules, and of the lists per status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import Merchant
from lifecycle.models import LifecycleRules
from lifecycle.services import lists

LABELS = {
    "suppresses": "suppress who is dead or not subscribed",
    "checkout_told_by": "Started Checkout and started.signup",
    "cancelling_told_by": "Cancelled Account and cancelled",
    "signed_identities_only": "signed identities only",
    "missed_signup_hours": "hours until a sign-up counts as missed",
}
"""What can be set, and what the trail calls it."""


def of(merchant: Merchant | int) -> LifecycleRules:
    """The rules that hold: the merchant's own, else the defaults, which are not saved."""
    found: LifecycleRules | None = LifecycleRules.objects.for_merchant(merchant).first()
    return found or LifecycleRules(merchant_id=merchant if isinstance(merchant, int) else merchant.pk)


def change(
    merchant: Merchant,
    *,
    by: Actor,
    at: datetime,
    status_lists: Mapping[str, str] | None = None,
    **values: object,
) -> LifecycleRules:
    """Set rules of `LABELS` for what happens from now on; what is not named stays. What was changed is noted in the trail.

    `status_lists` are status -> the id of its list. Raises `ValidationError` for what cannot be.
    """
    with transaction.atomic():
        LifecycleRules.objects.get_or_create(merchant=merchant)
        rules = LifecycleRules.objects.for_merchant(merchant).select_for_update().get()
        changed = [name for name in LABELS if name in values and getattr(rules, name) != values[name]]
        for name in changed:
            setattr(rules, name, values[name])
        details = [f"{LABELS[name]}: {_shown(rules, name)}" for name in changed]
        if status_lists is not None:
            details += lists.replace(merchant, status_lists, at=at)
        if changed:
            rules.clean_fields(exclude=["merchant"])
            rules.save(update_fields=changed)
        if details:
            audit.note(merchant, by, "changed the rules of subscribers", details, at=at)
    return rules


def _shown(rules: LifecycleRules, name: str) -> str:
    shown = getattr(rules, f"get_{name}_display", None)
    value = shown() if shown else getattr(rules, name)
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
