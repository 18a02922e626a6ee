"""Orders and parcels of a merchant in New York that come to stand still, told to the services in a line each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from integrations.models import Event, Merchant
from tests.tracking.telling import ANN, make_merchant
from tracking import services
from tracking.inputs import FulfillmentInput, LineInput, OrderInput, ParcelInput, ScanInput, TrackerInput
from tracking.models import Order, Shipment

NEW_YORK = ZoneInfo("America/New_York")
TEA = LineInput("11", "Tea")


def at(text: str) -> datetime:
    """An instant in New York."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


PLACED = at("2026-11-19 10:00")
"""A Thursday: with the weekend excluded, 72 hours are over on Tuesday at ten."""

DUE = at("2026-11-24 10:00")


def merchant_in_new_york(*packs: str) -> Merchant:
    """A merchant with all metrics of some packs on, as a worker holds it."""
    Merchant.objects.filter(pk=make_merchant(*packs).pk).update(timezone="America/New_York")
    return Merchant.objects.prefetch_related("connections").get()


def place(
    merchant: Merchant, when: datetime = PLACED, *, key: str = "1", updated: datetime | None = None, **more: Any
) -> Order:
    """The shop tells of an order of a tin of tea."""
    given: dict[str, Any] = {"person": ANN, "lines": (TEA,), "created_at": when, "updated_at": updated or when}
    with transaction.atomic():
        told = OrderInput(external_id=key, number=f"#{key}", **{**given, **more})
        services.ingest_order(merchant=merchant, order=told, at=when)
    return Order.objects.for_merchant(merchant).get(external_id=key)


def ship(
    merchant: Merchant, when: datetime = PLACED, *, key: str = "1", updated: datetime | None = None, **more: Any
) -> Shipment:
    """The shop tells of a fulfilment of that order."""
    given: dict[str, Any] = {"carrier": "UPS", "parcels": (ParcelInput(f"1Z{key}"),), "items": (("11", 1),)}
    with transaction.atomic():
        told = FulfillmentInput(f"f{key}", key, created_at=when, updated_at=updated or when, **{**given, **more})
        services.ingest_fulfillment(merchant=merchant, fulfillment=told, at=when)
    return Shipment.objects.for_merchant(merchant).get(external_id=f"f{key}")


def scan(merchant: Merchant, word: str, when: datetime, *, key: str = "1", **more: Any) -> Shipment:
    """A carrier tells of the parcel."""
    with transaction.atomic():
        tracker = TrackerInput(f"1Z{key}", more.pop("carrier", "UPS"), scans=(ScanInput(word, when, **more),))
        services.ingest_tracker(merchant=merchant, tracker=tracker, at=when)
    return Shipment.objects.for_merchant(merchant).get(external_id=f"f{key}")


def issues() -> list[tuple[str, str, datetime]]:
    """What stalled: (identity, problem, instant) of each event."""
    events = Event.objects.filter(metric="order_issue_created").order_by("id")
    return [(each.unique_id, each.properties["ProblemType"], each.occurred_at) for each in events]


def stalled_order(key: str = "1", due: datetime = DUE) -> tuple[str, str, datetime]:
    """As `issues` has it."""
    return f"issue:FulfillmentStalled:{key}", "FulfillmentStalled", due


def stalled_parcel(due: datetime, key: str = "1") -> tuple[str, str, datetime]:
    """As `issues` has it."""
    return f"issue:ShipmentStalled:f{key}", "ShipmentStalled", due


def many(merchant: Merchant, count: int) -> None:
    """Orders that stall, and shipped ones whose parcels do."""
    for number in range(count):
        place(merchant, PLACED, key=f"{number}")
        place(merchant, PLACED, key=f"s{number}")
        ship(merchant, key=f"s{number}")


def side_by_side(*works: Callable[[], Any]) -> None:
    """Run functions in threads that begin together; a failure of one is a failure."""
    barrier, failed = threading.Barrier(len(works)), list[BaseException]()

    def run(work: Callable[[], Any]) -> None:
        try:
            barrier.wait(30)
            work()
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
