"""An order that a shopper follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import caches
from django.db import transaction
from django.utils import timezone

from integrations.models import Merchant
from integrations.people import PersonInput
from tests.tracking.telling import make_merchant
from tracking import services
from tracking.inputs import FulfillmentInput, LineInput, OrderInput, ParcelInput, ScanInput, TrackerInput
from tracking.models import Order

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECRETS = ["ann@shopper.example", "Underwood", "4915112345678", "Hauptstrasse", "20095", "authenticate", "Paid by Visa"]
"""What is stored of the shopper, and must be on no page."""


@pytest.fixture(autouse=True)
def _nobody_asked() -> Iterator[None]:
    """Requests are counted in memory, over tests too."""
    caches["visitors"].clear()
    yield
    caches["visitors"].clear()


@pytest.fixture
def merchant(db: Any) -> Merchant:
    return make_merchant()


def place(merchant: Merchant, key: str = "1", **more: Any) -> Order:
    """An order of a jumper in one parcel that is out for delivery, and of socks that are still to come."""
    now = timezone.now().replace(microsecond=0)
    at = more.pop("at", now - 2 * DAY)
    parcel = FulfillmentInput(
        external_id=f"f{key}",
        order_external_id=key,
        created_at=at + HOUR,
        updated_at=at + HOUR,
        carrier="UPS",
        parcels=(ParcelInput(f"1Z{key}", f"https://carrier.example/1Z{key}"),),
        items=(("11", 1),),
        destination_country="DE",
    )
    values: dict[str, Any] = {
        "person": PersonInput(
            email="ann@shopper.example", phone="+4915112345678", first_name="Ann", last_name="Underwood"
        ),
        "status_url": "https://shop.example/orders/authenticate?key=1",
        "destination_country": "DE",
        "currency": "EUR",
        "total": Decimal("59.90"),
        "locale": "en",
        "lines": (
            LineInput(
                "11",
                "Wool jumper",
                variant_name="Blue / L",
                image_url="https://shop.example/jumper.jpg",
                product_url="https://shop.example/jumper",
            ),
            LineInput("12", "Walking socks", quantity=2, ordered=2),
        ),
        "fulfillments": (parcel,),
    }
    values |= {"number": f"#{key}", "updated_at": at} | more
    told = OrderInput(external_id=key, created_at=at, **values)
    with transaction.atomic():
        services.ingest_order(merchant=merchant, order=told, at=now)
    scans = (
        ScanInput("in_transit", at + 5 * HOUR, substatus="arrived_at_facility", city="Hamburg", country="DE"),
        ScanInput(
            "out_for_delivery",
            at + 40 * HOUR,
            message="For Underwood, Hauptstrasse 5. Paid by Visa",
            city="Hamburg",
            postal_code="20095",
            estimate=(at + 2 * DAY).date(),
        ),
    )
    tracker = TrackerInput(f"1Z{key}", "UPS", scans=scans, tracking_url=f"https://carrier.example/1Z{key}")
    with transaction.atomic():
        services.ingest_tracker(merchant=merchant, tracker=tracker, at=now)
    return Order.objects.for_merchant(merchant).get(external_id=key)


@pytest.fixture
def order(merchant: Merchant) -> Order:
    return place(merchant)
