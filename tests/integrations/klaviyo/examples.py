"""Events to send, each test changing only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.destinations.base import Outgoing, Profile

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = "pk_0123456789abcdef0123456789abcdef01"
REVISION = "2026-07-15"

ANN = Profile(
    email="ann@example.com",
    phone="+15005550006",
    first_name="Ann",
    last_name="Lee",
    organization="Example Ltd",
    properties={"loyalty_points": 120, "balance": Decimal("12.50")},
)
BOB = Profile(email="bob@example.com")

_PARCEL = Outgoing(
    delivery_id=7,
    unique_id="shipment-delivered:1Z999",
    metric_name="Shipment Delivered",
    occurred_at=datetime(2026, 11, 20, 14, 5, 9, 987654, tzinfo=UTC),
    properties='{"OrderNumber": "#1001", "Items": [{"SKU": "tea", "Quantity": 2}]}',
    profile=ANN,
    value=Decimal("19.90"),
    value_currency="USD",
)


def parcel(**changes: Any) -> Outgoing:
    """Return the event of a delivered parcel."""
    return _PARCEL._replace(**changes)
