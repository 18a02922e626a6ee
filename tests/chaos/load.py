"""Work for the workers: a backlog that waits in the database, and messages that come in meanwhile."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from integrations import inbound, sources
from integrations.models import Customer, Delivery, Event, InboundMessage
from tests.support.payloads import shopify_order
from tests.support.waiting import wait_for
from tests.support.world import Shop

Answer = TypeVar("Answer")

METRICS = (("processing_order", "Processing order"), ("order_shipped", "Order shipped"))
"""What happens to each order of a backlog."""

UNDER_WAY, DONE = {"received", "pending", "sending"}, {"handled", "sent"}
"""States of messages and deliveries."""


def put_backlog(shop: Shop, orders: int) -> None:
    """Let two events of each of `orders` orders, each of another shopper, wait to be delivered."""
    at = timezone.now().replace(microsecond=0)
    customers = Customer.objects.bulk_create(
        Customer(merchant=shop.merchant, email=f"backlog-{number}@mail.example") for number in range(orders)
    )
    events = Event.objects.bulk_create(
        Event(
            merchant=shop.merchant,
            metric=metric,
            metric_name=f"{shop.merchant.metric_prefix} {name}",
            customer=customer,
            unique_id=f"order:backlog-{number}:{metric}",
            subject=f"order:backlog-{number}",
            occurred_at=at - timedelta(minutes=len(METRICS) - place),
            recorded_at=at,
            properties={"OrderNumber": f"#{number}"},
        )
        for number, customer in enumerate(customers)
        for place, (metric, name) in enumerate(METRICS)
    )
    Delivery.objects.bulk_create(
        Delivery(
            merchant=shop.merchant,
            event=event,
            connection=shop.connection,
            subject=event.subject,
            identifier=event.customer.email if event.customer else "",
            not_before=at,
            window_at=at,
            created_at=at,
        )
        for event in events
    )


def receive_order(shop: Shop, number: int, *, at: datetime) -> None:
    """Store the message of a new paid order, as the hook would: one event comes of it. A repeat changes nothing."""
    email = f"shopper-{number}@mail.example"
    payload = shopify_order(number, at=at, email=email, number=f"#{number}", customer={"id": number, "email": email})
    source = sources.get("shopify")
    headers = source.headers_for("orders/create") | {"x-shopify-webhook-id": f"order-{number}"}
    patiently(lambda: inbound.receive(shop.merchant, source, json.dumps(payload).encode(), headers, at=at))


def patiently(query: Callable[[], Answer]) -> Answer:
    """What `query` gives, asked again until the database, which may be restarting, answers."""
    found: list[Answer] = []

    def ask() -> bool:
        try:
            found.append(query())
        except (OperationalError, InterfaceError):
            connection.close()
            return False
        return True

    wait_for(ask, "an answer of the database")
    return found[0]


def wait_until_delivered(patience: float, is_over: Callable[[], bool] = lambda: True) -> None:
    """Until everything is handled and sent, and `is_over` says that nothing more is to come. Fails after `patience` seconds,
    and at once where something ended otherwise.
    """
    deadline = time.monotonic() + patience
    while True:
        was_over, states = is_over(), patiently(_states)
        assert set(states) <= UNDER_WAY | DONE, f"lost for good: {states}"
        if was_over and set(states) <= DONE:
            return
        assert time.monotonic() < deadline, f"left after {patience:.0f} s: {states}"
        time.sleep(0.5)  # polling


def _states() -> dict[str, int]:
    """Messages and deliveries by state."""
    messages = Counter(InboundMessage.objects.values_list("state", flat=True))
    return dict(messages + Counter(Delivery.objects.values_list("state", flat=True)))
