"""The buttons of the wish list on the shopper's page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from integrations.models import Customer, Event, Merchant
from integrations.people import NOBODY
from tests.tracking.telling import make_merchant
from tracking.inputs import LineInput
from tracking.models import Order, TrackingPage, WishlistItem
from tracking.page import visitors

from .conftest import place


@pytest.fixture
def merchant(db: Any) -> Merchant:
    made = make_merchant("returns_and_tracking")
    TrackingPage.objects.create(merchant=made, has_wishes=True)
    return made


@pytest.fixture(autouse=True)
def _one_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hour begins while a test posts."""
    monkeypatch.setattr(visitors, "HOUR", 10 * 365 * 24 * 3600)


def press(order: Order, line: str = "11", query: str = "") -> Any:
    """A button is pressed."""
    return Client().post(f"/t/{order.page_token}/wishes/{query}", {"line": line})


def shown(order: Order, query: str = "") -> str:
    return str(Client().get(f"/t/{order.page_token}/{query}").content.decode())


def wished() -> list[dict[str, Any]]:
    return [each.properties for each in Event.objects.filter(metric="product_added_to_wishlist").order_by("pk")]


def test_a_product_is_put_on_the_buyers_list_and_told_of_once(order: Order) -> None:
    answers = [press(order), press(order, query="?lang=de"), press(order, "12")]

    assert [each.headers["Location"].partition("?")[2] for each in answers] == [
        "lang=en&wished=11#wished",
        "lang=de&wished=11#wished",
        "lang=en&wished=12#wished",
    ]
    assert {each.customer for each in WishlistItem.objects.all()} == {order.customer}
    jumper, socks = wished()
    assert jumper == {
        "ProductName": "Wool jumper",
        "VariantName": "Blue / L",
        "ImageURL": "https://shop.example/jumper.jpg",
        "ProductURL": "https://shop.example/jumper",
        "OrderRef": "#1",
    }
    assert socks == {"ProductName": "Walking socks", "OrderRef": "#1"}


def test_the_page_says_so_and_of_nothing_else_that_is_on_the_list(order: Order) -> None:
    """Whoever has the link learns what was put there with it, and not what the buyer wishes for."""
    press(order)
    before, after = shown(order), shown(order, "?wished=11")

    assert (before.count('value="11"'), before.count('value="12"'), before.count('id="wished"')) == (1, 1, 0)
    assert (after.count('value="11"'), after.count('value="12"'), after.count('id="wished"')) == (0, 1, 1)


NONE: dict[str, Any] = {
    "the merchant has no wish list": lambda order: TrackingPage.objects.update(has_wishes=False),
    "nobody is known to have ordered": lambda order: Order.objects.update(customer=None),
    "the shopper was forgotten": lambda order: Customer.objects.update(status="erased"),
    "the order is a test": lambda order: Order.objects.update(is_test=True),
}


@pytest.mark.parametrize("change", NONE.values(), ids=NONE.keys())
def test_where_nobody_would_have_the_wish_there_is_no_button(order: Order, change: Any) -> None:
    change(order)
    answer = press(order)

    assert 'name="line"' not in shown(order)
    assert (answer.status_code, WishlistItem.objects.count(), wished()) == (303, 0, [])


@pytest.mark.parametrize("line", ["", "99", "x" * 5_000, "11\x00"])
def test_what_is_not_in_the_order_is_not_wished_for(order: Order, line: str) -> None:
    assert press(order, line).status_code in (303, 400)
    assert not WishlistItem.objects.exists()


def test_another_merchants_token_wishes_for_its_own(order: Order) -> None:
    other = make_merchant("returns_and_tracking")
    TrackingPage.objects.create(merchant=other, has_wishes=True)
    theirs = place(other, person=NOBODY, lines=(LineInput("91", "Their hat"),))
    press(order, "91")
    press(theirs, "11")

    assert not WishlistItem.objects.exists()


def test_who_presses_too_often_waits(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "WISHES", visitors.Limit("wish", 2, 200))

    assert [press(order).status_code for _ in range(3)] == [303, 303, 429]
