"""What is posted at the same moment by several: one of them does it, and all are counted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from integrations.models import Event
from tests.tracking.telling import AT, make_merchant
from tracking import services
from tracking.models import Order, OrderLine, WishlistItem
from tracking.page import visitors

from .conftest import place

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(act: Callable[[], Any], times: int = 8) -> list[Any]:
    """What each of so many threads gets."""

    def run(_: int) -> Any:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_a_button_that_is_pressed_by_many_at_once_is_one_wish() -> None:
    key = place(make_merchant("returns_and_tracking")).pk
    line = OrderLine.objects.get(external_id="11")

    def press() -> bool:
        order = Order.objects.select_related("merchant", "customer").get(pk=key)
        return services.wish_for_line(order, line, at=AT).is_new

    assert sum(at_once(press)) == 1
    assert WishlistItem.objects.count() == Event.objects.filter(metric="product_added_to_wishlist").count() == 1


def test_none_of_many_posts_at_once_is_left_uncounted() -> None:
    limit = visitors.Limit("test", 5, 100)

    assert sum(at_once(lambda: visitors.may_post(limit, "a", "192.0.2.1", at=AT))) == 5
