"""Rows that the admin's tests look at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from integrations import consent
from integrations.consent import SignUp
from integrations.fields import Sealed
from integrations.models import (
    Connection,
    Customer,
    Delivery,
    DeliveryAttempt,
    Event,
    InboundMessage,
    Lane,
    Merchant,
    ShopDomain,
)
from integrations.people import PersonInput

KEY = "pk_sandbox_canary_key_0123456789"
AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def merchant(name: str = "Acme", **values: Any) -> Merchant:
    """A merchant with one shop and an active connection."""
    made = Merchant.objects.create(name=name, created_at=AT - timedelta(days=60), **values)
    ShopDomain.objects.create(merchant=made, domain=f"{name.lower().replace(' ', '-')}.myshopify.com")
    connection = Connection.objects.create(
        merchant=made,
        secret=Sealed.of(KEY),
        secret_last4=KEY[-4:],
        account_id="AcC123",
        account_name=name,
        enabled_metrics=["order_tracking.order_created"],
        launch_at=AT - timedelta(days=30),
        launched_at=AT - timedelta(days=30),
    )
    Lane.objects.create(merchant=made, connection=connection)
    return made


def event(of: Merchant, number: str = "#1001", email: str = "ada@example.com", **values: Any) -> Event:
    """An event of an order, with its shopper."""
    customer, _ = Customer.objects.get_or_create(merchant=of, email=email)
    return Event.objects.create(
        **{
            "merchant": of,
            "metric": "order_tracking.order_created",
            "metric_name": "Tidings: ShopifyOrderCreated",
            "customer": customer,
            "unique_id": f"order:{number}:{values.get('tracking_number', '')}",
            "subject": f"order:{number}",
            "order_number": number,
            "occurred_at": AT,
            "recorded_at": AT,
            "properties": {"OrderNumber": number, "Items": [{"ProductName": "Canvas tent"}]},
            **values,
        }
    )


def delivery(of: Event, state: str = "dead", **values: Any) -> Delivery:
    """An event's way to its merchant's connection."""
    is_settled = state in ("sent", "dead", "expired", "skipped")
    return Delivery.objects.create(
        **{
            "merchant": of.merchant,
            "event": of,
            "connection": of.merchant.connections.get(),
            "state": state,
            "reason": "rejected" if state == "dead" else "",
            "attempts": 1,
            "not_before": AT,
            "window_at": AT,
            "created_at": AT,
            "first_attempt_at": AT,
            "settled_at": AT if is_settled else None,
            "identifier": "ada@example.com",
            "error": "Invalid email address" if state == "dead" else "",
            **values,
        }
    )


def attempt(of: Delivery, **values: Any) -> DeliveryAttempt:
    """A request that carried one delivery."""
    return DeliveryAttempt.objects.create(
        **{
            "merchant": of.merchant,
            "connection": of.connection,
            "delivery": of,
            "started_at": AT,
            "duration_ms": 83,
            "status": 400,
            "outcome": "refused",
            "error": "Klaviyo answered 400: Invalid email address",
            "request_id": "req-77aa",
            **values,
        }
    )


def message(of: Merchant, key: str = "k1", state: str = "failed", **values: Any) -> InboundMessage:
    """A raw message."""
    return InboundMessage.objects.create(
        **{
            "merchant": of,
            "source": "shopify",
            "topic": "orders/create",
            "key": key,
            "body": b'{"id": 42, "name": "#1001"}',
            "received_at": AT,
            "state": state,
            "attempts": 1,
            "reference": "#1001",
            "note": "KeyError",
            "error": "Traceback: line 7\nKeyError: 'id'",
            **values,
        }
    )


def sign_up(of: Merchant, email: str) -> Delivery:
    """A shopper ticked the box for marketing by e-mail: the delivery that subscribes them."""
    said = SignUp(
        person=PersonInput(email=email),
        channels=["email"],
        is_marketing=True,
        source="Checkout",
        given_at=AT,
        text="Yes, send me offers.",
    )
    consent.subscribe(merchant=of, sign_up=said, at=AT)
    return Delivery.objects.for_merchant(of).get(change__kind="subscribe")
