"""News of one order of a jumper and two pairs of socks, told to the services in a line each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from integrations.catalog import catalog
from integrations.models import Connection, Event, Lane, Merchant
from integrations.people import PersonInput
from integrations.sources import Handled
from tracking import services
from tracking.inputs import FulfillmentInput, LineInput, OrderInput, ParcelInput, RefundInput, ScanInput, TrackerInput
from tracking.models import Order
from tracking.page import links

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
PACKS = ("order_tracking", "order_status")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANN = PersonInput(email="ann@shopper.example", first_name="Ann", last_name="Shopper", external_id="7")


def make_merchant(*packs: str) -> Merchant:
    """A merchant with all metrics of some packs on, launched long ago, as a worker holds it."""
    made = Merchant.objects.create(name="Alba")
    metrics = [each.key for pack in packs or PACKS for each in catalog.in_pack(pack)]
    destination = Connection.objects.create(
        merchant=made, enabled_metrics=metrics, launch_at=AT - 200 * DAY, launched_at=AT - 200 * DAY
    )
    Lane.objects.create(merchant=made, connection=destination)
    return Merchant.objects.prefetch_related("connections").get(pk=made.pk)


def order(merchant: Merchant, hours: float = 0, *, key: str = "1", **more: Any) -> Handled:
    """The shop tells of an order as it was `hours` after it was placed: a jumper and two pairs of socks."""
    given: dict[str, Any] = {
        "person": ANN,
        "lines": (LineInput("11", "Wool jumper"), LineInput("12", "Socks", quantity=2, ordered=2)),
    }
    told = OrderInput(
        external_id=key, number=f"#{key}", created_at=AT, updated_at=AT + hours * HOUR, **{**given, **more}
    )
    with transaction.atomic():
        return services.ingest_order(merchant=merchant, order=told, at=AT + DAY)


def page_of(key: str = "1") -> str:
    """The address of the shopper's page of the order."""
    return links.address(Order.objects.get(external_id=key).page_token)


def fulfillment(
    hours: float = 1, *, key: str = "f1", numbers: Sequence[str] = ("1ZA",), **more: Any
) -> FulfillmentInput:
    """Everything shipped one hour after it was ordered, as it was known `hours` after that order."""
    given: dict[str, Any] = {"order_external_id": "1", "items": (("11", 1), ("12", 2)), "created_at": AT + HOUR}
    parcels = tuple(ParcelInput(number) for number in numbers)
    return FulfillmentInput(external_id=key, updated_at=AT + hours * HOUR, parcels=parcels, **{**given, **more})


def ship(merchant: Merchant, hours: float = 1, **more: Any) -> Handled:
    """The shop tells of a fulfilment."""
    with transaction.atomic():
        return services.ingest_fulfillment(merchant=merchant, fulfillment=fulfillment(hours, **more), at=AT + DAY)


def scan(word: str, hours: float, **more: Any) -> ScanInput:
    """A scan, `hours` after the order."""
    return ScanInput(word, AT + hours * HOUR, **more)


def track(merchant: Merchant, *scans: ScanInput, number: str = "1ZA", **more: Any) -> Handled:
    """A carrier tells of a parcel."""
    tracker = TrackerInput(tracking_number=number, carrier="UPS", scans=scans, **more)
    with transaction.atomic():
        return services.ingest_tracker(merchant=merchant, tracker=tracker, at=AT + DAY)


def refund(merchant: Merchant, hours: float, *removed: tuple[str, int]) -> Handled:
    """The shop takes units off the order."""
    told = RefundInput(external_id="r1", order_external_id="1", created_at=AT + hours * HOUR, removed=removed)
    with transaction.atomic():
        return services.ingest_refund(merchant=merchant, refund=told, at=AT + DAY)


def told(*metrics: str) -> list[str]:
    """Identities of the events of some metrics (of all), in the order they were recorded."""
    events = Event.objects.order_by("id")
    return list((events.filter(metric__in=metrics) if metrics else events).values_list("unique_id", flat=True))
