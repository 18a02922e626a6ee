"""Wish lists by the API: the same product of the same shopper is one item, and is told of once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import strategies as st

from integrations.models import Customer, Event, Merchant
from integrations.people import PersonInput
from tests.support import rest as world
from tests.support.examples import tried_with
from tests.support.rest import Rest, logged
from tests.tracking.telling import AT, DAY, make_merchant
from tracking import services
from tracking.api import examples
from tracking.inputs import WishInput
from tracking.models import WishlistItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant(db: None) -> Merchant:
    return make_merchant("returns_and_tracking")


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


def wish(api: Rest, **more: Any) -> Any:
    return api.post("wishlist-items", examples.NEW_WISH | more)


def test_a_product_is_on_the_list_once_and_told_of_once(api: Rest) -> None:
    made = wish(api)
    again = wish(api, product_name="Jumper, now cheaper", added_at=None)

    item, event = WishlistItem.objects.get(), Event.objects.get()
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["event_ids"] == [str(event.pk)]
    assert again.json() == made.json() | {"event_ids": []}
    assert api.get("wishlist-items").json()["items"] == [
        {name: value for name, value in made.json().items() if name != "event_ids"}
    ]
    assert (event.metric, event.unique_id) == ("product_added_to_wishlist", f"wishlist:{item.pk}")
    assert event.occurred_at == item.added_at
    assert event.properties == {
        "ProductId": "632910392",
        "SKU": "JUMP-B-M",
        "ProductName": "Wool jumper",
        "VariantName": "Blue / M",
        "ProductURL": "https://alba.example/jumper",
    }


KNOWN: dict[str, tuple[dict[str, Any], bool]] = {
    "another variant": ({"variant_id": "9"}, False),
    "the variant, of another product": ({"product_id": "9"}, True),
    "another product": ({"variant_id": "", "product_id": "9"}, False),
    "another shopper": ({"customer": {"email": "grace@example.com"}}, False),
    "the shopper, written otherwise": ({"customer": {"email": "ADA@example.com"}}, True),
}


@pytest.mark.parametrize(("change", "is_same"), KNOWN.values(), ids=KNOWN.keys())
def test_what_is_the_same(api: Rest, change: dict[str, Any], is_same: bool) -> None:
    wish(api)
    wish(api, **change)

    assert WishlistItem.objects.count() == Event.objects.count() == (1 if is_same else 2)


def test_lists_of_one_shopper_and_of_no_other_merchant(merchant: Merchant, api: Rest) -> None:
    other = world.rest(make_merchant())
    wish(other)
    wish(api)
    wish(api, customer={"email": "grace@example.com", "phone": "+4930901820", "external_id": "8"})
    grace = Customer.objects.get(merchant=merchant, email="grace@example.com")
    theirs = Customer.objects.exclude(merchant=merchant).get()
    asked: list[tuple[dict[str, Any], int]] = [
        ({}, 2),
        ({"email": "grace@example.com"}, 1),
        ({"phone": "+4930901820"}, 1),
        ({"external_id": "8"}, 1),
        ({"customer_id": grace.pk}, 1),
        ({"customer_id": theirs.pk}, 0),
        ({"customer_id": grace.pk, "email": "ada@example.com"}, 0),
    ]

    assert [len(api.get("wishlist-items", **query).json()["items"]) for query, _ in asked] == [n for _, n in asked]


def test_pages_go_through_all_of_it_and_cost_one_statement(api: Rest) -> None:
    for number in range(5):
        wish(api, variant_id=str(number))
    api.get("wishlist-items")  # a process remembers the token for some seconds
    with CaptureQueriesContext(connection) as made:
        page = api.get("wishlist-items", limit=2).json()
    cost = len(made)
    seen = list(page["items"])
    while page["next"]:
        page = api.get("wishlist-items", limit=2, cursor=page["next"]).json()
        seen += page["items"]

    assert [each["variant_id"] for each in seen] == ["4", "3", "2", "1", "0"]
    # The request is counted, the page is read.
    assert cost == logged(2)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nobody": ({"customer": {}}, "/customer"),
    "nobody who is known": ({"customer": {"external_id": "nosuch"}}, "/customer"),
    "no name": ({"product_name": ""}, "/product_name"),
    "no address": ({"product_url": "javascript:alert(1)"}, "/product_url"),
}


@pytest.mark.parametrize(("change", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_a_client_is_told_what_would_be_right(api: Rest, change: dict[str, Any], pointer: str) -> None:
    answer = wish(api, **change)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert not WishlistItem.objects.exists()


def test_what_is_dated_later_than_now_was_put_there_now(api: Rest) -> None:
    wish(api, added_at=(timezone.now() + DAY).isoformat())

    assert WishlistItem.objects.get().added_at <= timezone.now()


PRODUCTS = [
    WishInput("Jumper", variant_id="1"),
    WishInput("Jumper", product_id="1"),
    WishInput("Jumper", sku="1"),
    WishInput("Jumper", variant_name="1"),
    WishInput("x" * 255, variant_name="y" * 255),
]


@tried_with(15, 400, wishes=st.lists(st.sampled_from(PRODUCTS), max_size=12))
def test_any_wishes_in_any_order_are_told_of_once_each(merchant: Merchant, wishes: list[WishInput]) -> None:
    WishlistItem.objects.all().delete()
    Event.objects.all().delete()
    for number, each in enumerate(wishes):
        with transaction.atomic():
            services.add_wish(
                merchant=merchant,
                person=PersonInput(email="ada@example.com"),
                wish=each,
                added_at=AT + number * DAY,
                at=AT + 30 * DAY,
            )

    items = {each.product: each for each in WishlistItem.objects.all()}
    assert items.keys() == {each.product for each in wishes}
    assert sorted(Event.objects.values_list("unique_id", "occurred_at")) == sorted(
        (f"wishlist:{each.pk}", each.added_at) for each in items.values()
    )
    assert all(
        items[each.product].added_at == AT + next(n for n, one in enumerate(wishes) if one == each) * DAY
        for each in wishes
    )
