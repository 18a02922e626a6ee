"""What orders, wish lists and the orders of others hold of a shopper who turned out to be another."""

from __future__ import annotations

from collections.abc import Collection

from integrations import locking
from integrations.merging import Merge, register
from integrations.models import Merchant
from tracking.models import Follower, Order, WishlistItem


def move(merge: Merge) -> tuple[int, ...]:
    """Orders, what was followed, and wishes; what both wished for is on the list once, as the one who is kept did."""
    Order.objects.for_merchant(merge.merchant).filter(customer=merge.given_up).update(customer=merge.kept)
    theirs = WishlistItem.objects.for_merchant(merge.merchant).filter(customer=merge.given_up)
    known = WishlistItem.objects.for_merchant(merge.merchant).filter(customer=merge.kept)
    theirs.filter(product__in=known.values("product")).delete()
    theirs.update(customer=merge.kept)
    _follow(merge)
    return ()


def _follow(merge: Merge) -> None:
    """What one followed the other does; nobody follows an order of their own."""
    mine = Follower.objects.for_merchant(merge.merchant)
    theirs, known = mine.filter(customer=merge.given_up), mine.filter(customer=merge.kept)
    theirs.filter(order__in=known.values("order")).delete()
    theirs.update(customer=merge.kept)
    known.filter(order__customer=merge.kept).delete()


def hold(merchant: Merchant, customers: Collection[int]) -> None:
    """Lock their orders: news of an order lock it before its shopper."""
    mine = Order.objects.for_merchant(merchant).filter(customer__in=customers)
    list(mine.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


register(move)
locking.register(hold)
