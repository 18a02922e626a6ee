"""In which order the rows of a shopper are locked, so that no two transactions wait for each other in a circle.

First what news come of by itself and that then leads to its shopper: orders, returns. Then the customers, then what is reached
through either: members. Customers are locked against changes of themselves only (`no_key`): whoever writes a row that points to
one of them, as every event does, waits for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned

RowT = TypeVar("RowT", bound=MerchantOwned)

Holder = Callable[[Merchant, Collection[int]], None]
"""Locks what an app holds of customers, by their keys, that is locked before these."""

_holders: list[Holder] = []


def register(holder: Holder) -> Holder:
    """Let `holder` lock what an app holds, after those of the apps that come before it in `INSTALLED_APPS`."""
    _holders.append(holder)
    return holder


def locked(merchant: Merchant, keys: Collection[int]) -> dict[int, Customer]:
    """Lock customers by their keys, with all that is locked before them; nobody else changes any of it meanwhile."""
    for hold in _holders:
        hold(merchant, keys)
    mine = Customer.objects.for_merchant(merchant).filter(pk__in=keys)
    return {each.pk: each for each in mine.select_for_update(no_key=True).order_by("pk")}


def with_customer(row: RowT) -> RowT:
    """A row that was locked and read with its customer in one statement: of one that waited for a merge, the database tells the
    new customer's key and nothing of them, which must not be taken for a row without a shopper.
    """
    found: Any = row
    if found.customer_id is not None and found.customer is None:
        row.refresh_from_db(fields=["customer"])
    return row
