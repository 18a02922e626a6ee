"""Sending again by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations import connections
from integrations.delivery import resend
from integrations.delivery.engine import Engine
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Customer, Delivery, Event
from tests.support.world import Shop, World

DAY = timedelta(days=1)


@pytest.fixture
def world(settings: Any, transactional_db: None) -> Iterator[World]:
    """Klaviyo alone."""
    with Sandbox(strict_bulk=True, limit_scale=None) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        yield World(sandbox, "http://site.invalid")


@pytest.fixture
def shop(world: World) -> Shop:
    """A launched merchant."""
    return world.shop()


def delivery(shop: Shop, key: str = "1", **more: Any) -> Delivery:
    """A delivery that came to an end after ten attempts."""
    at = timezone.now()
    customer = Customer.objects.create(merchant=shop.merchant, email=f"shopper-{key}@mail.example")
    event = Event.objects.create(
        merchant=shop.merchant,
        metric="processing_order",
        metric_name="Processing order",
        customer=customer,
        unique_id=f"order:{key}:processing",
        subject=f"order:{key}",
        occurred_at=at,
        recorded_at=at,
        properties={"OrderNumber": f"#{key}"},
    )
    given: dict[str, Any] = {
        "state": "dead",
        "reason": "exhausted",
        "attempts": 10,
        "first_attempt_at": at,
        "settled_at": at,
        "identifier": customer.email,
    }
    return Delivery.objects.create(
        merchant=shop.merchant,
        event=event,
        connection=shop.connection,
        not_before=at,
        window_at=at,
        created_at=at,
        **{**given, **more},
    )


def again(shop: Shop) -> int:
    """Resend everything that can be."""
    return resend.resend(Delivery.objects.for_merchant(shop.merchant), at=timezone.now())


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"state": "dead", "reason": "exhausted"}, 1),
        ({"state": "dead", "reason": "rejected"}, 1),
        ({"state": "expired", "reason": "uncertain"}, 1),
        ({"state": "sent", "reason": ""}, 0),
        ({"state": "pending", "reason": ""}, 0),
        ({"state": "sending", "reason": ""}, 0),
        ({"state": "held", "reason": "before_launch"}, 0),
        ({"state": "skipped", "reason": "before_window"}, 0),
        ({"state": "dead", "identifier": ""}, 0),
    ],
)
def test_what_can_be_sent_again(shop: Shop, given: dict[str, str], count: int) -> None:
    made = delivery(shop, **given)

    assert again(shop) == count

    made.refresh_from_db()
    assert made.state == ("pending" if count else given["state"])


@pytest.mark.parametrize(("attempts", "after"), [(10, 9), (3, 3)])
def test_one_attempt_at_least_is_left(shop: Shop, attempts: int, after: int) -> None:
    made = delivery(shop, attempts=attempts)

    again(shop)

    made.refresh_from_db()
    assert (made.attempts, made.reason, made.settled_at) == (after, "", None)


def test_an_attempt_that_fails_again_is_the_last(world: World, shop: Shop) -> None:
    delivery(shop)
    world.sandbox.fault("server_error", times=1)

    again(shop)
    Engine().run(seconds=10)

    made = Delivery.objects.get()
    assert (made.state, made.reason, made.attempts) == ("dead", "exhausted", 10)


def test_twice_is_recorded_once(world: World, shop: Shop) -> None:
    made = delivery(shop)
    for _ in range(2):
        Delivery.objects.update(state="dead")
        again(shop)
        Engine().run(seconds=10)

    assert world.sandbox.receipts() == {made.told.unique_id: 2}
    assert world.sandbox.counters()["recorded"] == 1


def test_those_of_a_paused_connection_are_left_alone(shop: Shop) -> None:
    delivery(shop)
    connections.pause(shop.connection, "operator", detail="", at=timezone.now())

    assert (again(shop), shop.states) == (0, {"dead": 1})


def test_only_what_was_chosen_goes(shop: Shop, world: World) -> None:
    mine, theirs = delivery(shop), delivery(world.shop("Bora"))

    assert resend.resend(Delivery.objects.filter(pk=mine.pk), at=timezone.now()) == 1
    theirs.refresh_from_db()
    assert theirs.state == "dead"


def test_doubt_that_a_person_resolves_goes_once_more_and_singly(world: World, shop: Shop) -> None:
    delivery(
        shop,
        state="expired",
        reason="uncertain",
        is_ambiguous=True,
        attempts=3,
        first_attempt_at=timezone.now() - 4 * DAY,
    )

    again(shop)
    Engine().run(seconds=10)

    assert shop.states == {"sent": 1}


def test_a_dead_one_in_doubt_goes_at_the_first_request_of_a_person(world: World, shop: Shop) -> None:
    """Ten attempts take two days; who looks on the fourth day asks once and expects it to go."""
    delivery(shop, is_ambiguous=True, first_attempt_at=timezone.now() - 4 * DAY)

    again(shop)
    Engine().run(seconds=10)

    assert shop.states == {"sent": 1}
