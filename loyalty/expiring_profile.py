"""The shopper's profile properties that tell what runs out next: one statement for any number of customers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import F, Min, Window

from integrations.catalog import ProfileProperty, catalog
from integrations.statements import Among
from loyalty.models import Lot
from loyalty.profile import PREFIX

POINTS_EXPIRING_NEXT = ProfileProperty(
    f"{PREFIX}points_expiring_next", "integer", "Points that run out next, all at once; left out where none do.", PREFIX
)
POINTS_EXPIRING_NEXT_AT = ProfileProperty(
    f"{PREFIX}points_expiring_next_at", "datetime", "From when on they cannot be spent any more.", PREFIX
)


def read(merchant_id: int, customer_ids: Collection[int], names: Collection[str]) -> Mapping[int, Mapping[str, Any]]:
    """What runs out next of each customer's points."""
    mine = Lot.objects.for_merchant(merchant_id).filter(
        Among(F("member__customer_id"), customer_ids),
        member__merchant=merchant_id,
        remaining__gt=0,
        expires_at__isnull=False,
    )
    soonest = mine.annotate(soonest=Window(Min("expires_at"), partition_by="member")).filter(expires_at=F("soonest"))
    told: dict[int, dict[str, Any]] = {}
    for customer, remaining, expires_at in soonest.values_list("member__customer", "remaining", "soonest"):
        known = told.setdefault(customer, {POINTS_EXPIRING_NEXT_AT.name: expires_at.isoformat()})
        known[POINTS_EXPIRING_NEXT.name] = known.get(POINTS_EXPIRING_NEXT.name, 0) + remaining
    return told


catalog.register_profile(read, POINTS_EXPIRING_NEXT, POINTS_EXPIRING_NEXT_AT)
