"""The shopper's current profile properties that come of membership: one statement for any number of customers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import F

from integrations.catalog import ProfileProperty, catalog
from integrations.statements import Among
from loyalty.models import Member

PREFIX = "loyalty_"
"""How the names of these properties begin, so that they are told apart from those of other apps; a merchant may choose another
word.
"""


def _property(name: str, type: str, doc: str) -> ProfileProperty:
    return ProfileProperty(PREFIX + name, type, doc, PREFIX)


POINT_BALANCE = _property("point_balance", "integer", "Points that the member has; below 0: owes.")
POINT_BALANCE_UPDATED_AT = _property("point_balance_updated_at", "datetime", "When the balance last changed.")
MEMBER_STATUS = _property("member_status", "string", "activated, or registered with an account.")
MEMBER_STATUS_UPDATED_AT = _property("member_status_updated_at", "datetime", "Since when.")
BIRTH_MONTH = _property("birth_month", "integer", "The month in which the member was born, 1 to 12.")
BIRTH_MONTH_UPDATED_AT = _property("birth_month_updated_at", "datetime", "When it was last said.")

COLUMNS = {
    POINT_BALANCE.name: "balance",
    POINT_BALANCE_UPDATED_AT.name: "balance_at",
    MEMBER_STATUS.name: "status",
    MEMBER_STATUS_UPDATED_AT.name: "status_at",
    BIRTH_MONTH.name: "birth_month",
    BIRTH_MONTH_UPDATED_AT.name: "birth_month_at",
}
"""What each is read from."""


def read(merchant_id: int, customer_ids: Collection[int], names: Collection[str]) -> Mapping[int, Mapping[str, Any]]:
    """What is known of each customer as a member."""
    mine = Member.objects.for_merchant(merchant_id).filter(Among(F("customer_id"), customer_ids))
    return {
        key: {name: _told(value) for name, value in zip(COLUMNS, values, strict=True)}
        for key, *values in mine.values_list("customer_id", *COLUMNS.values())
    }


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


catalog.register_profile(
    read,
    POINT_BALANCE,
    POINT_BALANCE_UPDATED_AT,
    MEMBER_STATUS,
    MEMBER_STATUS_UPDATED_AT,
    BIRTH_MONTH,
    BIRTH_MONTH_UPDATED_AT,
)
