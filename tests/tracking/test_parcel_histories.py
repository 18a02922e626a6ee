"""Whatever the order and however often a parcel's scans arrive, its state and its events come out the same."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.models import Connection, Event, Lane, Merchant
from integrations.people import PersonInput
from tracking import services, statuses
from tracking.inputs import FulfillmentInput, LineInput, OrderInput, ParcelInput, ScanInput, TrackerInput
from tracking.models import Shipment

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
numbers = itertools.count(1)

MANY = pytest.mark.parametrize("many", [20, pytest.param(500, marks=pytest.mark.full)])
scan_lists = st.lists(st.sampled_from(statuses.ALL), min_size=1, max_size=6)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant with all metrics on, and nobody at the other end."""
    merchant = Merchant.objects.create(name="Alba")
    connection = Connection.objects.create(
        merchant=merchant, enabled_metrics=["shipment_update_received", "order_delivered", "order_issue_created"]
    )
    Lane.objects.create(merchant=merchant, connection=connection)
    return merchant


def _parcel(merchant: Merchant) -> str:
    """A shipped order with one parcel; returns its tracking number."""
    key = f"id{next(numbers):06d}"
    order = OrderInput(
        external_id=key,
        number=f"#{key}",
        created_at=START,
        updated_at=START,
        person=PersonInput(email="ann@shopper.example"),
        lines=(LineInput("1", "Jumper"),),
    )
    shipped = FulfillmentInput(
        external_id=f"f{key}",
        order_external_id=key,
        created_at=START,
        updated_at=START,
        parcels=(ParcelInput(f"1Z{key}"),),
        items=(("1", 1),),
    )
    with transaction.atomic():
        services.ingest_order(merchant=merchant, order=order, at=START)
        services.ingest_fulfillment(merchant=merchant, fulfillment=shipped, at=START)
    return f"1Z{key}"


def _scans(words: list[str]) -> list[ScanInput]:
    return [ScanInput(word, START + (i + 1) * HOUR, message=f"scan {i}") for i, word in enumerate(words)]


def _tell(merchant: Merchant, number: str, scans: list[ScanInput]) -> None:
    with transaction.atomic():
        tracker = TrackerInput(tracking_number=number, carrier="UPS", scans=tuple(scans))
        services.ingest_tracker(merchant=merchant, tracker=tracker, at=START)


def _outcome(merchant: Merchant, number: str) -> tuple[str, datetime, list[str]]:
    shipment = Shipment.objects.for_merchant(merchant).get(tracking_number=number)
    key = shipment.external_id
    events = Event.objects.for_merchant(merchant).filter(subject=shipment.order.subject)
    ids = sorted(
        event.unique_id.replace(key, "F").replace(shipment.order.external_id, "O")
        for event in events
        if event.metric != "order_delivered"
    )
    return shipment.status, shipment.status_at, ids


@MANY
def test_growing_histories_in_any_order_and_repetition(merchant: Merchant, many: int) -> None:
    """A carrier sends the whole history each time; deliveries of it overtake each other and repeat."""

    @settings(max_examples=many, deadline=None)
    @given(words=scan_lists, data=st.data())
    def tell(words: list[str], data: st.DataObject) -> None:
        scans = _scans(words)
        in_order, mixed = _parcel(merchant), _parcel(merchant)
        for length in range(1, len(scans) + 1):
            _tell(merchant, in_order, scans[:length])
        lengths = data.draw(st.lists(st.integers(1, len(scans)), max_size=4))
        newest_first = [len(scans), *lengths]
        for length in newest_first:
            _tell(merchant, mixed, data.draw(st.permutations(scans[:length])))

        assert _outcome(merchant, in_order) == _outcome(merchant, mixed)

    tell()


@MANY
def test_single_scans_in_any_order_tell_nothing_twice_and_nothing_untrue(merchant: Merchant, many: int) -> None:
    """A shop sends scans one by one. A late one is kept silently, so fewer events may come, never others."""

    @settings(max_examples=many, deadline=None)
    @given(words=scan_lists, data=st.data())
    def tell(words: list[str], data: st.DataObject) -> None:
        scans = _scans(words)
        in_order, mixed = _parcel(merchant), _parcel(merchant)
        _tell(merchant, in_order, scans)
        shuffled = data.draw(st.permutations(scans))
        for scan in [*shuffled, *shuffled]:
            _tell(merchant, mixed, [scan])

        told = _outcome(merchant, mixed)[2]
        assert len(told) == len(set(told))
        possible = {f"shipment:F:{scan.status}:{int(scan.occurred_at.timestamp())}" for scan in scans}
        assert {each for each in told if each.startswith("shipment:")} <= possible
        assert Shipment.objects.for_merchant(merchant).get(tracking_number=mixed).scans.count() == len(scans)

    tell()
