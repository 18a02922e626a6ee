"""Amounts as merchants' pages write them."""

from __future__ import annotations

from integrations.models import Merchant
from tracking import money


def told(minor: int, merchant: Merchant) -> str:
    """An amount in minor units of the merchant's currency, such as 1,200.00 EUR."""
    return f"{money.major(minor, merchant.currency):,} {merchant.currency}".strip()
