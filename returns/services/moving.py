"""What happens to a known return: it moves on, its money is given back, units are taken out of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from integrations.models import Merchant
from integrations.sources import Handled
from returns import stages
from returns.case import Case
from returns.inputs import RefundedInput
from returns.models import Return
from returns.services import items, steps


def move_return(*, merchant: Merchant, return_external_id: str, status: str, when: datetime, at: datetime) -> Handled:
    """The return reaches a status, once; it waits for the return."""
    case = Case.locked(merchant, return_external_id)
    return _moved(case, {status: when}, at=at) if case else _waits(return_external_id)


def reopen_return(*, merchant: Merchant, return_external_id: str, when: datetime, at: datetime) -> Handled:
    """What had ended goes on; it waits for the return. When it ends again, that is not told again."""
    case = Case.locked(merchant, return_external_id)
    if case is None:
        return _waits(return_external_id)
    if steps.reopen(case.row, when):
        steps.save(case.row)
    return Handled(steps.note(case, "is open"), **steps.about(case))


def refund(*, merchant: Merchant, told: RefundedInput, at: datetime) -> Handled | None:
    """Money was given back for a return, once: the one that is named, else the only one that is open and has these lines.

    None where no return is concerned: most refunds are for nothing that was sent back.
    """
    if told.return_external_id:
        case = Case.locked(merchant, told.return_external_id)
        if case is None:
            return _waits(told.return_external_id)
    else:
        case = _only_one_with(merchant, told)
        if case is None:
            return None
    return _moved(case, {stages.REFUNDED: told.at}, at=at)


def take_out_items(
    *, merchant: Merchant, return_external_id: str, removed: Sequence[tuple[str, int]], at: datetime
) -> Handled:
    """Units do not come back after all: (item's id, units). What was told of the return stays told; it waits for the return."""
    case = Case.locked(merchant, return_external_id)
    if case is None:
        return _waits(return_external_id)
    case.read_items()
    units = dict(removed)
    changed = [each for each in case.items if units.get(each.external_id) and each.quantity]
    for item in changed:
        left = max(item.quantity - units[item.external_id], 0)
        if item.value_minor is not None:
            item.value_minor = item.value_minor * left // item.quantity
        item.quantity = left
    items.save(case, changed)
    if changed and case.row.value_minor is not None:
        # What the source said of the whole return was said of all its units.
        case.row.value_minor = None
        steps.save(case.row)
    return Handled(steps.note(case, f"has less of {len(changed)} items"), **steps.about(case))


def _only_one_with(merchant: Merchant, told: RefundedInput) -> Case | None:
    open_returns = Return.objects.for_merchant(merchant).filter(
        order_external_id=told.order_external_id, refunded_at=None, cancelled_at=None, declined_at=None
    )
    having = open_returns.filter(items__line_external_id__in=told.line_external_ids).distinct()
    found = list(having.values_list("external_id", flat=True)[:2])
    return Case.locked(merchant, found[0]) if len(found) == 1 else None


def _moved(case: Case, reached: dict[str, datetime], *, at: datetime) -> Handled:
    new = steps.reach(case.row, reached)
    if new:
        steps.save(case.row)
    happened = steps.about_statuses(case, new) if case.row.completed_at else []
    event_ids = steps.announce(case, happened, at=at)
    words = case.row.status.replace("_", " ")
    return Handled(steps.note(case, f"is {words}"), event_ids=event_ids, **steps.about(case))


def _waits(return_external_id: str) -> Handled:
    return Handled("waits for its return", waits_for=f"return:{return_external_id}")
