"""What is held of a subscriber who turned out to be another."""

from __future__ import annotations

from integrations.merging import Merge, register
from lifecycle.models import Activity, Plan
from lifecycle.services import lists, suppression, told
from lifecycle.services.plans import WORDS


def move(merge: Merge) -> tuple[int, ...]:
    """The plan that was told last holds, with what only the other says and the last sign-up that was begun as either; the log is
    the one who is kept's.
    """
    Activity.objects.for_merchant(merge.merchant).filter(customer=merge.given_up).update(customer=merge.kept)
    mine = Plan.objects.for_merchant(merge.merchant)
    plans = list(mine.filter(customer__in=[merge.given_up, merge.kept]).select_for_update().order_by("customer_id"))
    plans.sort(key=lambda each: (each.says_anything, each.told_at), reverse=True)
    begun = [each.started_at for each in plans if each.started_at]
    said = {
        name: next((word for each in plans if (word := getattr(each, name)) not in ("", None)), None) for name in WORDS
    }
    held = {name: word for name, word in said.items() if word is not None}
    for older in plans[1:]:
        older.delete()
    if plans:
        mine.filter(pk=plans[0].pk).update(customer=merge.kept, started_at=max(begun, default=None), **held)
    told.move(merge.merchant, given_up=merge.given_up, kept=merge.kept)
    moves = [(merge.kept, older.status, held.get("status", "")) for older in plans[1:]]
    lists.keep_in_step(merge.merchant, moves, at=merge.at)
    suppression.check(merge.merchant, [merge.kept], at=merge.at)
    told.take_back(merge.merchant, [merge.kept], at=merge.at)
    return ()


register(move)
