"""Lists per status: who has a status is on its list, and leaves it with the status."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F

from integrations import profiles
from integrations.apart import Apart
from integrations.models import Customer, Merchant, ProfileChange
from integrations.statements import Among
from lifecycle.models import Plan, StatusList

Kind = ProfileChange.Kind
Move = tuple[Customer, str, str]
"""A customer, the status that they had, and the one that they have now; "" is none."""

AT_ONCE = 500
"""Subscribers who are put on a list in one transaction."""

STATUSES = 20
"""Of the statuses that subscribers have, those that are told."""


def of(merchant: Merchant) -> list[StatusList]:
    """A merchant's lists, by status."""
    return list(StatusList.objects.for_merchant(merchant).order_by("status"))


def statuses(merchant: Merchant) -> list[str]:
    """The statuses that a merchant's subscribers have, each as it is written, `STATUSES` at most."""
    plans = Plan.objects.for_merchant(merchant).exclude(status="").order_by("status")
    return list(plans.values_list("status", flat=True).distinct()[:STATUSES])


def keep_in_step(merchant: Merchant, moves: Sequence[Move], *, at: datetime) -> int:
    """Put those whose status changed on the list of the new one, and take them off the old one's; returns how many changes.

    One statement where the merchant has no lists, three more for any number of customers. In the caller's transaction: the
    changes are in order with the shoppers' events.
    """
    changed = [move for move in moves if move[1].casefold() != move[2].casefold() and move[0].may_be_told]
    lists = {each.status.casefold(): each.list_id for each in of(merchant)} if changed else {}
    if not lists:
        return 0
    changes = []
    for customer, before, after in changed:
        old, new = lists.get(before.casefold(), ""), lists.get(after.casefold(), "")
        if old and old != new:
            changes.append(profiles.of(customer, Kind.LIST_REMOVE, at=at, list_id=old))
        if new and old != new:
            changes.append(profiles.of(customer, Kind.LIST_ADD, at=at, list_id=new))
    if changes:
        profiles.request_all(merchant, changes, at=at)
    return len(changes)


def take_along(customer: Customer, *, at: datetime) -> int:
    """Put a shopper who has another address on the list of their status by that one; returns how many changes."""
    plan = Plan.objects.for_merchant(customer.merchant_id).filter(customer=customer).exclude(status="").first()
    with transaction.atomic():
        return keep_in_step(customer.merchant, [(customer, "", plan.status)], at=at) if plan else 0


def replace(merchant: Merchant, wanted: Mapping[str, str], *, at: datetime) -> list[str]:
    """Make the merchant's lists those (status -> id of its list); returns a line for each difference.

    Who has a status gets onto a list that is new to it; whoever is on one that is no status's any more stays there.
    """
    mine = StatusList.objects.for_merchant(merchant)
    known = {each.status: each.list_id for each in mine.select_for_update()}
    gone = [status for status in known if wanted.get(status) != known[status]]
    new = [status for status in wanted if known.get(status) != wanted[status]]
    mine.filter(status__in=gone).delete()
    StatusList.objects.bulk_create(
        StatusList(merchant=merchant, status=status, list_id=wanted[status]) for status in new
    )
    return [f"list of {each}: {known.get(each, 'none')} → {wanted.get(each, 'none')}" for each in sorted({*gone, *new})]


def fill(*, at: datetime, seconds: float) -> int:
    """Put those on the lists who had the status before there was the list, for `seconds` at most; returns how many."""
    until = time.monotonic() + seconds
    unfilled = StatusList.objects.filter(is_filled=False).select_related("merchant").order_by("pk")
    with Apart() as apart:
        return sum(apart.do(row.pk, partial(_fill, row, at=at, until=until), 0) for row in unfilled)


def _fill(row: StatusList, *, at: datetime, until: float) -> int:
    count = 0
    while time.monotonic() < until:
        added = _fill_some(row, at=at)
        if added is None:
            break
        count += added
    return count


def _fill_some(row: StatusList, *, at: datetime) -> int | None:
    """The next of them; None where all are done, or the list is gone. Plans are locked: a status that changes waits."""
    with transaction.atomic():
        mine = StatusList.objects.for_merchant(row.merchant_id).select_for_update()
        current = mine.filter(pk=row.pk, is_filled=False).first()
        if current is None:
            return None
        after = Plan.objects.for_merchant(row.merchant_id).filter(pk__gt=current.filled_to, status__iexact=row.status)
        keys = list(after.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        # Locked in the order of customers, as everywhere: else two wait for each other.
        plans = after.filter(Among(F("pk"), keys)).select_for_update(of=("self",)).order_by("customer_id")
        changes = [
            profiles.of(plan.customer, Kind.LIST_ADD, at=at, list_id=row.list_id)
            for plan in plans.select_related("customer")
            if plan.customer.may_be_told
        ]
        if changes:
            profiles.request_all(row.merchant, changes, at=at)
        current.filled_to = keys[-1] if keys else current.filled_to
        current.is_filled = len(keys) < AT_ONCE
        current.save(update_fields=["filled_to", "is_filled"])
        return len(changes)
