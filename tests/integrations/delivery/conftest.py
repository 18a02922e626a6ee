"""A merchant with events that wait, and a Klaviyo that answers as the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.delivery import engine
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Customer, Delivery, Event
from tests.support.clock import Clock
from tests.support.world import Shop, World

Backlog = Callable[..., list[Delivery]]


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    """Klaviyo, strict about repeated ids in bulk."""
    with Sandbox(strict_bulk=True) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        yield sandbox


@pytest.fixture
def world(sandbox: Sandbox, transactional_db: None) -> World:
    """No site: events are put into the history directly."""
    return World(sandbox, "http://site.invalid")


@pytest.fixture
def shop(world: World) -> Shop:
    """A launched merchant."""
    return world.shop()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands until the test moves it."""
    return Clock()


@pytest.fixture
def standing(settings: Any, clock: Clock, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world whose Klaviyo goes by `clock`; its engine must be given the same. Nothing becomes due while it looks."""
    monkeypatch.setattr(engine, "LOOK_EVERY", 0.005)
    with Sandbox(strict_bulk=True, clock=clock.timestamp) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        yield World(sandbox, "http://site.invalid")


@pytest.fixture
def backlog() -> Backlog:
    """Put `count` events of different shoppers into a merchant's history."""

    def put(
        shop: Shop, count: int, *, at: datetime | None = None, email: str = "shopper-{0}@mail.example"
    ) -> list[Delivery]:
        at = at or timezone.now().replace(microsecond=0)
        start = Event.objects.count()
        customers = Customer.objects.bulk_create(
            Customer(merchant=shop.merchant, email=email.format(start + i)) for i in range(count)
        )
        events = Event.objects.bulk_create(
            Event(
                merchant=shop.merchant,
                metric="processing_order",
                metric_name="Processing order",
                customer=customer,
                unique_id=f"order:{start + i}:processing",
                subject=f"order:{start + i}",
                occurred_at=at - timedelta(minutes=1),
                recorded_at=at,
                properties={"OrderNumber": f"#{start + i}"},
            )
            for i, customer in enumerate(customers)
        )
        return Delivery.objects.bulk_create(
            Delivery(
                merchant=shop.merchant,
                event=event,
                connection=shop.connection,
                subject=event.subject,
                identifier=customer.email,
                not_before=at,
                window_at=at,
                created_at=at,
            )
            for event, customer in zip(events, customers, strict=True)
        )

    return put
