"""By which rules a merchant's subscribers are handled: the only writer of LifecycleRules and of the lists per status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import Merchant
from lifecycle.models import LifecycleRules
from lifecycle.services import lists


def current(merchant: Merchant) -> LifecycleRules:
    """The rules in force; the defaults, unsaved, where the merchant has set none."""
    row: LifecycleRules | None = LifecycleRules.objects.for_merchant(merchant).first()
    return row or LifecycleRules(merchant=merchant)


def change(
    merchant: Merchant,
    *,
    suppresses: bool,
    missed_signup_hours: int,
    status_lists: Mapping[str, str],
    by: Actor,
    at: datetime,
) -> list[str]:
    """Set the rules for what happens from now on; returns a line for each difference, which also stand in the trail.

    `status_lists` are status -> the id of its list. Raises `ValidationError` for hours out of bounds.
    """
    with transaction.atomic():
        row, _ = LifecycleRules.objects.get_or_create(merchant=merchant)
        row = LifecycleRules.objects.for_merchant(merchant).select_for_update().get(pk=row.pk)
        details = []
        if suppresses != row.suppresses:
            details.append(f"who is dead or not subscribed is {'' if suppresses else 'not '}suppressed")
        if missed_signup_hours != row.missed_signup_hours:
            details.append(f"missed sign-up: {row.missed_signup_hours} h → {missed_signup_hours} h")
        row.suppresses, row.missed_signup_hours = suppresses, missed_signup_hours
        row.clean_fields()
        row.save(update_fields=["suppresses", "missed_signup_hours"])
        details += lists.replace(merchant, status_lists, at=at)
        if details:
            audit.note(merchant, by, "changed the rules of subscribers", details, at=at)
    return details
