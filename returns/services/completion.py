"""A return is complete when its order and its items are known: then it is told of, with all that happened to it until then."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from integrations import locking
from integrations.catalog import Fact
from integrations.models import Merchant
from returns.case import Case, locked_order
from returns.models import Return
from returns.services import items, steps
from tracking.models import Order


def complete(case: Case, *, at: datetime) -> list[Fact]:
    """Join the return with its order, and return all that it has to tell; nothing where something is missing still.

    The caller saves the return.
    """
    row, order = case.row, case.order
    if order is None:
        return []
    row.order, row.order_external_id, row.order_number = order, order.external_id, order.number
    row.currency = row.currency or order.currency or case.merchant.currency
    # The order says who its shopper is; who is named by the return is taken where nobody is.
    row.customer = order.customer or row.customer
    items.save(case, items.fill_in(case, [each for each in case.items if each.pk]))
    if not case.items:
        return []
    row.completed_at = at
    return steps.all_that_happened(case)


def order_came(merchant: Merchant, order: Order, *, is_new: bool, at: datetime) -> tuple[int, ...]:
    """An order became known, or its shopper did: its returns are completed; returns the keys of the events that are new.

    The caller holds the order.
    """
    mine = Return.objects.for_merchant(merchant)
    if not is_new:
        mine.filter(order=order, customer=None).update(customer=order.customer)
        return ()
    by_number = Q(order_external_id="", order_number=order.number)
    waiting = mine.filter(Q(order_external_id=order.external_id) | by_number, order=None, completed_at=None)
    rows = waiting.select_for_update(of=("self",)).select_related("customer").order_by("pk")
    cases = [Case(merchant, locking.with_customer(row), order) for row in rows]
    return tuple(key for each in cases for key in _complete(each, at=at))


def complete_waiting(merchant: Merchant, *, at: datetime, most: int) -> int:
    """Complete returns whose order came at the same moment, unseen by either; returns how many."""
    orders = Order.objects.for_merchant(OuterRef("merchant"))
    by_id = Exists(orders.filter(external_id=OuterRef("order_external_id")))
    by_number = Q(Exists(orders.filter(number=OuterRef("order_number"))), order_external_id="")
    mine = Return.objects.for_merchant(merchant).filter(Q(by_id) | by_number, order=None, completed_at=None)
    found = mine.order_by("created_at", "pk").values_list("external_id", "order_external_id", "order_number")
    return sum(_joined(merchant, *names, at=at) for names in list(found[:most]))


def _joined(merchant: Merchant, external_id: str, order_id: str, order_number: str, *, at: datetime) -> bool:
    """Whether a return was completed: not if its order is gone again, or if its number is that of two."""
    named = {"external_id": order_id} if order_id else {"number": order_number}
    order = locked_order(merchant, **named)
    case = Case.locked(merchant, external_id)
    if order is None or case is None or case.order is not None:
        return False
    case.order = order
    _complete(case, at=at)
    return True


def _complete(case: Case, *, at: datetime) -> tuple[int, ...]:
    case.read_items()
    happened = complete(case, at=at)
    steps.save(case.row)
    return steps.announce(case, happened, at=at)
