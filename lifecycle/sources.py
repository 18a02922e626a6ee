"""What tells of subscribers: the merchant's activity log, and the shop's own pages.

Orders, consent and addresses are followed: whoever is not to be mailed is suppressed before anything is told of them.
"""

from __future__ import annotations

from datetime import datetime

from integrations import consent, customers
from integrations.models import Customer, Merchant
from integrations.sources import register
from lifecycle.log_source import ActivityLog
from lifecycle.onsite.source import Onsite
from lifecycle.services import lists, suppression, told
from tracking import following
from tracking.models import Order


def _follow_order(order: Order, *, at: datetime) -> tuple[int, ...]:
    if order.customer is not None and not order.is_test:
        suppression.check(order.merchant, [order.customer], at=at)
    return ()


def _follow_consent(merchant: Merchant, customer: Customer, at: datetime) -> None:
    suppression.check(merchant, [customer], at=at)


def _follow_address(customer: Customer, at: datetime) -> None:
    """The destinations know nothing of the new address yet."""
    suppression.check(customer.merchant, [customer], at=at)
    lists.take_along(customer, at=at)
    told.forget(customer)


register(ActivityLog())
register(Onsite())
following.register(_follow_order)
consent.register(_follow_consent)
customers.register(_follow_address)
