"""What a hook must know of a merchant to let a message in, kept for a few seconds in each process.

A hook that is called a hundred times a second would otherwise read the same three rows each time. What changes elsewhere is seen
here within `KEPT_FOR`; what this process changes itself it forgets at once.
"""

from __future__ import annotations

import time

from integrations.models import Merchant

KEPT_FOR = 5.0
"""Seconds. A secret that was changed stays good for a day anyway, and a source that was disconnected for this long."""

MOST_KEPT = 1_000

_kept: dict[str, tuple[float, Merchant]] = {}


def find(public_id: str) -> Merchant:
    """The merchant with its source secrets and shop domains, to be read only. Raises `Merchant.DoesNotExist`."""
    kept = _kept.get(public_id)
    if kept is not None and time.monotonic() < kept[0]:
        return kept[1]
    merchant = Merchant.objects.prefetch_related("source_secrets", "shop_domains").get(public_id=public_id)
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[public_id] = (time.monotonic() + KEPT_FOR, merchant)
    return merchant


def forget(merchant: Merchant) -> None:
    """Read the merchant anew at the next message: something about it was changed."""
    _kept.pop(merchant.public_id, None)
