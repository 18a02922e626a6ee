"""The shopper's current profile properties that come of their subscription: one statement for any number of customers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from integrations.catalog import ProfileProperty, catalog
from integrations.statements import Among
from lifecycle.models import Plan
from lifecycle.rulesets import RULESETS
from lifecycle.services import rules

SCHEDULE = ProfileProperty("Schedule", "string", "How often the subscriber is delivered to, in the merchant's words.")
STATUS = ProfileProperty(
    "Status", "string", "Where the subscription stands, in the merchant's words: Active, Stopped, Dead."
)
BOX = ProfileProperty("Box", "string", "What the subscriber gets, in the merchant's words.")
SIGN_UP_DATE = ProfileProperty("SignUpDate", "datetime", "When the sign-up was completed.")
HAS_FILLED_OUT_PROFILE = ProfileProperty(
    "HasFilledOutProfile", "boolean", "Whether the sign-up's last page was filled in."
)

COLUMNS = {
    SCHEDULE.name: "schedule",
    STATUS.name: "status",
    BOX.name: "box",
    SIGN_UP_DATE.name: "signed_up_at",
    HAS_FILLED_OUT_PROFILE.name: "has_filled_out_profile",
}
"""What each is read from."""


def read(merchant_id: int, customer_ids: Collection[int], names: Collection[str]) -> Mapping[int, Mapping[str, Any]]:
    """What is known of each customer's subscription."""
    mine = Plan.objects.for_merchant(merchant_id).filter(Among(F("customer_id"), customer_ids))
    return {
        key: {name: _told(value) for name, value in zip(COLUMNS, values, strict=True)}
        for key, *values in mine.values_list("customer_id", *COLUMNS.values())
    }


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def read_rulesets(
    merchant_id: int, customer_ids: Collection[int], names: Collection[str]
) -> Mapping[int, Mapping[str, Any]]:
    """Whether each ruleset that is asked for is true of each customer whom it concerns: three statements for one."""
    held, at = rules.of(merchant_id), timezone.now()
    mine = Plan.objects.for_merchant(merchant_id).filter(Among(F("customer_id"), customer_ids))
    told: dict[int, dict[str, Any]] = {}
    for each in RULESETS:
        if each.property.name in names:
            true_of = set(mine.filter(each.holds(held, at)).values_list("customer_id", flat=True))
            for customer in mine.filter(each.concerns).values_list("customer_id", flat=True):
                told.setdefault(customer, {})[each.property.name] = customer in true_of
    return told


catalog.register_profile(read_rulesets, *(each.property for each in RULESETS))
catalog.register_profile(read, SCHEDULE, STATUS, BOX, SIGN_UP_DATE, HAS_FILLED_OUT_PROFILE)
