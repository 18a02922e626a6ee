"""Two merchants with the same numbers: the same order, parcel and shopper at each, in words of their own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from integrations import inbound, sources
from integrations.catalog import catalog
from integrations.fields import Sealed
from integrations.models import Connection, InboundMessage, Lane, Merchant, ShopDomain
from integrations.people import PersonInput
from loyalty.services import programmes
from tests.integrations.test_tenancy import NOBODYS, OURS
from tests.support.payloads import easypost_tracker, shopify_fulfillment, shopify_order, shopify_return
from tracking import services
from tracking.inputs import WishInput
from tracking.services import policies

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def make_merchant(name: str) -> Merchant:
    """A launched merchant with a shop."""
    merchant = Merchant.objects.create(name=name)
    ShopDomain.objects.create(merchant=merchant, domain=f"{name.lower()}.myshopify.com")
    connection = Connection.objects.create(
        merchant=merchant, enabled_metrics=list(catalog.metrics), launch_at=AT - 30 * DAY, launched_at=AT - 30 * DAY
    )
    Lane.objects.create(merchant=merchant, connection=connection)
    return merchant


def hear(merchant: Merchant, source: str, topic: str, payload: Any) -> InboundMessage | None:
    """A message with the same delivery id at every merchant."""
    kind = sources.get(source)
    headers = {**kind.headers_for(topic), "x-shopify-webhook-id": f"{topic} {payload.get('id')}"}
    return inbound.receive(merchant, kind, json.dumps(payload).encode(), headers, at=AT)


def everything(merchant: Merchant) -> dict[str, list[dict[str, Any]]]:
    """All rows of a merchant, secrets as they are stored."""
    return {
        model.__name__: [
            {name: value.token if isinstance(value, Sealed) else value for name, value in row.items()}
            for row in model._default_manager.filter(merchant=merchant).order_by("pk").values()
        ]
        for model in OURS
        if model not in NOBODYS
    }


PRICES: dict[str, Any] = {"subtotal_price": "19.95", "current_subtotal_price": "9.95"}
"""Half of an order was refunded."""


def story(merchant: Merchant, name: str) -> None:
    """The same settings, order, parcel and shopper at every merchant, in words of their own."""
    policies.change(merchant, by=None, at=AT - DAY, own_dates=["2026-12-24"])
    programmes.change(merchant, by=None, at=AT - DAY)
    person = {"id": 7, "email": "ann@shopper.example", "first_name": f"canary-{name}", "last_name": name}
    lines = [(11, f"canary-{name}", 1)]
    more: dict[str, Any] = {"order_status_url": f"https://canary-{name}.example/1", **PRICES}
    order = shopify_order(1, at=AT, customer=person, lines=lines, **more)
    assert hear(merchant, "shopify", "orders/create", order)
    assert hear(merchant, "shopify", "fulfillments/create", shopify_fulfillment(5, 1, at=AT, items=[(11, 1)]))
    scans = [("in_transit", AT + HOUR), ("delivered", AT + 2 * HOUR)]
    assert hear(merchant, "easypost", "tracker.updated", easypost_tracker(scans, message=f"canary-{name}"))
    assert hear(merchant, "shopify", "returns/request", shopify_return(3, 1, items=[(31, 11, 1)]))
    assert hear(merchant, "shopify", "customers/enable", person | {"updated_at": AT.isoformat()})
    inbound.handle_due(seconds=20, clock=lambda: AT + DAY)
    wish = WishInput(f"canary-{name}", variant_id="11", order_number="#1001")
    ann = PersonInput(email="ann@shopper.example")
    with transaction.atomic():
        services.add_wish(merchant=merchant, person=ann, wish=wish, added_at=AT, at=AT + DAY)
