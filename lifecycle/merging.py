"""What is held of a subscriber who turned out to be another."""

from __future__ import annotations

from integrations.merging import Merge, register
from lifecycle.models import Plan
from lifecycle.services import lists, suppression


def move(merge: Merge) -> tuple[int, ...]:
    """The plan that was told last is the one that holds."""
    mine = Plan.objects.for_merchant(merge.merchant)
    plans = list(mine.filter(customer__in=[merge.given_up, merge.kept]).select_for_update().order_by("-told_at", "pk"))
    for older in plans[1:]:
        older.delete()
    if plans:
        mine.filter(pk=plans[0].pk).update(customer=merge.kept)
    moves = [(merge.kept, older.status, plans[0].status) for older in plans[1:]]
    lists.keep_in_step(merge.merchant, moves, at=merge.at)
    suppression.check(merge.merchant, [merge.kept], at=merge.at)
    return ()


register(move)
