"""What members spent: worked out of the shop's orders as they stand, so that refunds lower it, and orders from before the
programme, or without points, count as any other.

An order counts from when it was placed, once it is paid, with what its goods cost less what was refunded; not a cancelled one,
one for a test, one of which the shop does not tell what its goods cost, nor one in another currency than the merchant's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, F, Max, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, Greatest

from integrations.models import Merchant
from integrations.statements import Among
from loyalty import tiering
from tracking import money
from tracking.models import Order

_AMOUNT: DecimalField[Any, Any] = DecimalField(max_digits=20, decimal_places=4)


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent in 365 days, in minor units of the merchant's currency, and when the last of those orders was paid."""

    minor: int = 0
    paid_at: datetime | None = None


NOTHING = Spent()


def by_now(merchant: Merchant, customers: Collection[int], *, at: datetime) -> Mapping[int, Spent]:
    """What each of these customers spent in the last 365 days, those who spent nothing left out: one statement."""
    return _read(merchant, _paid(merchant, customers, at))


def before(merchant: Merchant, customers: Collection[int], *, midnight: datetime) -> Mapping[int, Spent]:
    """The same of the 365 days that ended at a midnight."""
    return _read(merchant, _paid(merchant, customers, midnight).filter(placed_at__lt=midnight))


def of_at_least(merchant: Merchant, least: Decimal, *, at: datetime) -> QuerySet[Any, Any]:
    """The keys of the customers who spent so much in the last 365 days, in the merchant's currency; for a filter."""
    return _sums(_counted(merchant, at)).filter(total__gte=least).values("customer_id")


def _paid(merchant: Merchant, customers: Collection[int], until: datetime) -> QuerySet[Order]:
    return _counted(merchant, until).filter(Among(F("customer_id"), customers))


def _counted(merchant: Merchant, until: datetime) -> QuerySet[Order]:
    since = tiering.window_begin(until, merchant.timezone)
    counted = Order.objects.for_merchant(merchant).filter(placed_at__gte=since)
    in_currency = Q(currency=merchant.currency) | Q(currency="")
    orders: QuerySet[Order] = counted.filter(
        in_currency, is_test=False, cancelled_at=None, processing_at__isnull=False, net_value__isnull=False
    )
    return orders


def _sums(orders: QuerySet[Order]) -> QuerySet[Any, Any]:
    none = Value(Decimal(0), output_field=_AMOUNT)
    left = Greatest(F("net_value") - Coalesce("net_refunded", none), none, output_field=_AMOUNT)
    return orders.order_by().values("customer_id").annotate(total=Sum(left), paid_at=Max("processing_at"))


def _read(merchant: Merchant, orders: QuerySet[Order]) -> dict[int, Spent]:
    sums = _sums(orders)
    return {
        customer: Spent(money.minor(total, merchant.currency) or 0, paid_at)
        for customer, total, paid_at in sums.values_list("customer_id", "total", "paid_at")
    }
