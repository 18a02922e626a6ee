"""Wish lists: what shoppers want to remember, as clients ask for it and tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpResponseBase

from integrations import customers
from integrations.api import bodies as checked
from integrations.api import bulk, cursors, parameters, rendering
from integrations.api.bodies import Body, Text
from integrations.api.customers import FILTERS as PERSON
from integrations.api.customers import NOBODY
from integrations.api.customers import ORDER as BY_TIME
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.people import Person
from integrations.models import Merchant
from integrations.people import PersonInput
from tracking import services
from tracking.api import examples, schemas, writing
from tracking.api.bodies import ABSENT, UNKNOWN
from tracking.api.fields import Instant, Link
from tracking.inputs import WishInput
from tracking.models import WishlistItem

CUSTOMER = parameters.identifier("customer_id", "Of one shopper.")
TOLD = (
    "product_id",
    "variant_id",
    "sku",
    "product_name",
    "variant_name",
    "image_url",
    "product_url",
    "order_number",
    "added_at",
    "recorded_at",
)


class NewWish(Body):
    """A product that a shopper wants to remember."""

    customer = Person(help_text="Who wants it.")
    product_name = Text(max_length=255)
    variant_name = Text(max_length=255, **UNKNOWN)
    product_id = Text(max_length=64, **UNKNOWN)
    variant_id = Text(max_length=64, **UNKNOWN)
    sku = Text(max_length=120, **UNKNOWN)
    image_url = Link(**UNKNOWN)
    product_url = Link(**UNKNOWN)
    order_number = Text(max_length=60, **UNKNOWN, help_text="The order among whose items the shopper found it.")
    added_at = Instant(**ABSENT, help_text="Now, if not given.")


class WishlistItems(Endpoint):
    """`/wishlist-items`"""

    @operation(
        id="list_wishlist_items",
        tag="Customers",
        scope="customers:read",
        summary="List wish list items",
        parameters=(CUSTOMER, *PERSON, BY_TIME, parameters.CURSOR, parameters.LIMIT),
        answer=schemas.WishlistItemPage,
        example={"items": [examples.WISH], "next": "AAAGRn…", "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call) -> HttpResponseBase:
        """What shoppers put on their wish lists, the newest first. `customer_id`, `email`, `phone` or `external_id` name one."""
        values = call.parameters
        found = WishlistItem.objects.for_merchant(call.merchant)
        if values[CUSTOMER.name] is not None:
            found = found.filter(customer=values[CUSTOMER.name])
        person = {each.name: values[each.name] or "" for each in PERSON}
        if any(person.values()):
            found = found.filter(customer__in=customers.matching(call.merchant, **person).values("pk"))
        page = cursors.page_of_queryset(found, values, name="wishlist items", time="added_at")
        return rendering.answer(page.as_data(_told))

    @operation(
        id="write_wishlist_item",
        tag="Customers",
        scope="customers:write",
        summary="Put a product on a wish list",
        body=NewWish,
        body_example=examples.NEW_WISH,
        answer=schemas.WrittenWishlistItem,
        example=examples.WISH | {"event_ids": ["1044"]},
        status=201,
        also=(200,),
    )
    def post(self, call: Call) -> HttpResponseBase:
        """A product is on a shopper's wish list, from now on (201) or already (200). It is known by its `variant_id`, else its
        `product_id`, else its `sku`, else its names: what was told first stays, and a repeat is harmless.
        """
        with transaction.atomic():
            status, told = _write(writing.merchant_of(call), call.body, at=call.at)
        return rendering.answer(told, status)


class WishlistItemsInBulk(Endpoint):
    """`/wishlist-items/bulk`"""

    @operation(
        id="write_wishlist_items",
        tag="Customers",
        scope="customers:write",
        summary="Put many products on wish lists",
        body=bulk.Items,
        body_example={"items": [examples.NEW_WISH]},
        answer=bulk.Results,
        example={
            "failed": 0,
            "results": [{"index": 0, "status": 201, "item": examples.WISH | {"event_ids": ["1044"]}}],
        },
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Up to 1,000 products, each as by itself: one that is refused does not stop the others."""
        merchant = writing.merchant_of(call)
        return bulk.answer(call, NewWish, lambda told: _write(merchant, told, at=call.at))


def _write(merchant: Merchant, told: Mapping[str, Any], *, at: datetime) -> writing.Written:
    """Raises `Problem`."""
    about = {name: value for name, value in told.items() if name not in ("customer", "added_at")}
    wish, person = WishInput(**about), PersonInput(**told["customer"])
    added_at = min(told["added_at"] or at, at)
    handled = services.add_wish(merchant=merchant, person=person, wish=wish, added_at=added_at, at=at)
    if handled.customer_id is None:
        raise checked.invalid([NOBODY | {"pointer": checked.pointer("customer")}])
    mine = WishlistItem.objects.for_merchant(merchant).filter(customer=handled.customer_id)
    return writing.answer(handled, _told(mine.get(product=wish.product)))


def _told(row: WishlistItem) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "customer_id": str(row.customer_id),
        **{name: getattr(row, name) for name in TOLD},
    }
