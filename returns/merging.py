"""What returns hold of a shopper who turned out to be another."""

from __future__ import annotations

from collections.abc import Collection

from integrations import locking
from integrations.merging import Merge, register
from integrations.models import Merchant
from returns.models import Return


def move(merge: Merge) -> tuple[int, ...]:
    """Returns, those of orders that are not known yet, too."""
    Return.objects.for_merchant(merge.merchant).filter(customer=merge.given_up).update(customer=merge.kept)
    return ()


def hold(merchant: Merchant, customers: Collection[int]) -> None:
    """Lock their returns: news of a return lock it before its shopper, and after its order."""
    mine = Return.objects.for_merchant(merchant).filter(customer__in=customers)
    list(mine.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


register(move)
locking.register(hold)
