"""Wish lists: products that shoppers want to remember."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from integrations import clean, customers, history
from integrations.models import Customer, Merchant
from integrations.people import PersonInput
from integrations.sources import Handled
from integrations.statements import insert_new
from tracking import facts
from tracking.inputs import WishInput
from tracking.models import Order, OrderLine, WishlistItem


def add_wish(*, merchant: Merchant, person: PersonInput, wish: WishInput, added_at: datetime, at: datetime) -> Handled:
    """Put a product on a shopper's wish list, once: the same product again changes nothing, whoever asks at the same time."""
    customer = customers.resolve(merchant, person, at=at)
    if customer is None:
        return Handled("a wish of nobody we could know: no e-mail address and no phone number")
    return _add(merchant, customer, wish, added_at, at)


def wish_for_line(order: Order, line: OrderLine, *, at: datetime) -> Handled:
    """Put what somebody found on the page of an order on the wish list of its shopper. Nothing, unless `may_wish`."""
    if order.customer is None or not may_wish(order):
        return Handled(f"{order.number} has no shopper who could wish")
    wish = WishInput(
        product_name=line.product_name,
        variant_name=line.variant_name,
        product_id=line.product_id,
        variant_id=line.variant_id,
        sku=line.sku,
        image_url=line.image_url,
        product_url=line.product_url,
        order_number=order.number,
    )
    with transaction.atomic():
        return _add(order.merchant, order.customer, wish, at, at)


def may_wish(order: Order) -> bool:
    """Whether its shopper has a wish list: an order of nobody, of somebody who was forgotten, and one of a test have none."""
    customer = order.customer
    return customer is not None and customer.status == Customer.Status.ACTIVE and not order.is_test


def _add(merchant: Merchant, customer: Customer, wish: WishInput, added_at: datetime, at: datetime) -> Handled:
    item = WishlistItem(
        merchant=merchant,
        customer=customer,
        product=wish.product,
        product_id=wish.product_id[:64],
        variant_id=wish.variant_id[:64],
        sku=clean.text(wish.sku, 120),
        product_name=clean.text(wish.product_name, 255),
        variant_name=clean.text(wish.variant_name, 255),
        image_url=wish.image_url[:500],
        product_url=wish.product_url[:500],
        order_number=clean.text(wish.order_number, 60),
        added_at=added_at,
        recorded_at=at,
    )
    about: dict[str, Any] = {"reference": item.order_number, "customer_id": customer.pk}
    if not insert_new([item], identity=("merchant", "customer", "product")):
        return Handled(f"{item} was on the wish list of customer {customer.pk} already", **about)
    happened = facts.ProductWished(
        merchant=merchant,
        customer=customer,
        subject=f"wishlist:{item.pk}",
        subject_at=added_at,
        order_number=item.order_number,
        item=item,
    )
    events = history.announce(happened, at=at)
    note = f"{item} is on the wish list of customer {customer.pk}"
    return Handled(note, is_new=True, event_ids=tuple(event.pk for event in events), **about)
