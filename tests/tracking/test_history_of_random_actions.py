"""Random actions, each of which may be struck down: never a fact without its event, never an event without its fact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from integrations.catalog import catalog
from integrations.models import Delivery, Event
from integrations.people import PersonInput
from tests.tracking.telling import AT, make_merchant
from tracking import deadlines, services, stalled, statuses
from tracking.dossier import Dossier
from tracking.inputs import FulfillmentInput, LineInput, OrderInput, ParcelInput, RefundInput, ScanInput, TrackerInput
from tracking.models import Issue, Order, Scan, Shipment


class Interrupted(Exception):
    """The process stops here."""


@contextmanager
def interrupted_at(statement: int | None) -> Iterator[None]:
    """A transaction that ends with an error at its `statement`-th statement, or after its last one; None: it is committed."""
    left = count(statement if statement is not None else 10_000, -1)

    def run(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if next(left) <= 0:
            raise Interrupted
        return execute(sql, parameters, many, context)

    try:
        with transaction.atomic():
            with connection.execute_wrapper(run):
                yield
            if statement is not None:
                raise Interrupted
    except Interrupted:
        pass


interruptions = st.one_of(st.none(), st.none(), st.integers(0, 40))
orders = st.sampled_from("12")
words = st.one_of(st.sampled_from(statuses.ALL), st.sampled_from([statuses.DELIVERED, statuses.FAILURE]))


class Domain(RuleBasedStateMachine):
    """Random actions on two orders; any of them may be struck down at any of its statements."""

    def __init__(self) -> None:
        super().__init__()
        self.merchant = make_merchant(*(pack.key for pack in catalog.packs()))
        self.seconds = count(1)

    def now(self) -> datetime:
        """Later than anything before."""
        return AT + timedelta(seconds=next(self.seconds))

    @initialize()
    def begin(self) -> None:
        """One order is shipped already."""
        self.tell_order("1", None, "ann@shopper.example", True, False, 2)
        self.tell_fulfillment("1", None, ("A",), False)

    @rule(
        key=orders,
        interruption=interruptions,
        email=st.sampled_from(["", "ann@shopper.example", "bob@shopper.example"]),
        is_paid=st.booleans(),
        is_cancelled=st.booleans(),
        quantity=st.integers(0, 2),
    )
    def tell_order(
        self, key: str, interruption: int | None, email: str, is_paid: bool, is_cancelled: bool, quantity: int
    ) -> None:
        """The shop tells of an order."""
        now = self.now()
        order = OrderInput(
            external_id=key,
            number=f"#{key}",
            created_at=AT,
            updated_at=now,
            person=PersonInput(email=email),
            is_paid=is_paid,
            cancelled_at=now if is_cancelled else None,
            lines=(LineInput("1", "Jumper", quantity=quantity, ordered=2),),
        )
        with interrupted_at(interruption):
            services.ingest_order(merchant=self.merchant, order=order, at=now)

    @rule(
        key=orders,
        interruption=interruptions,
        parcels=st.sampled_from([("A",), ("A", "B"), ("C",)]),
        is_off=st.booleans(),
    )
    def tell_fulfillment(self, key: str, interruption: int | None, parcels: tuple[str, ...], is_off: bool) -> None:
        """The shop tells of a fulfilment; one that it never told of before is not taken back."""
        now = self.now()
        is_known = Shipment.objects.for_merchant(self.merchant).filter(fulfillment_id=f"f{key}").exists()
        fulfillment = FulfillmentInput(
            external_id=f"f{key}",
            order_external_id=key,
            created_at=now,
            updated_at=now,
            state="cancelled" if is_off and is_known and len(parcels) == 1 else "open",
            parcels=tuple(ParcelInput(f"{each}{key}") for each in parcels),
            items=(("1", 2),),
        )
        with interrupted_at(interruption):
            services.ingest_fulfillment(merchant=self.merchant, fulfillment=fulfillment, at=now)

    @rule(
        key=st.sampled_from("112"),
        interruption=interruptions,
        parcel=st.sampled_from("AB"),
        words=st.lists(words, min_size=1, max_size=3),
        days=st.one_of(st.none(), st.integers(0, 6)),
    )
    def tell_scans(self, key: str, interruption: int | None, parcel: str, words: list[str], days: int | None) -> None:
        """A carrier tells of a parcel, and may promise a day."""
        estimate = AT.date() + timedelta(days=days) if days is not None else None
        scans = tuple(ScanInput(word, self.now(), estimate=estimate) for word in words)
        tracker = TrackerInput(tracking_number=f"{parcel}{key}", carrier="UPS", scans=scans)
        with interrupted_at(interruption):
            services.ingest_tracker(merchant=self.merchant, tracker=tracker, at=self.now())

    @rule(key=orders, interruption=interruptions, units=st.integers(1, 3))
    def tell_refund(self, key: str, interruption: int | None, units: int) -> None:
        """The shop takes units off an order."""
        now = self.now()
        refund = RefundInput(external_id=f"r{now}", order_external_id=key, created_at=now, removed=(("1", units),))
        with interrupted_at(interruption):
            services.ingest_refund(merchant=self.merchant, refund=refund, at=now)

    @rule(interruption=interruptions, days=st.integers(1, 9))
    def sweep(self, interruption: int | None, days: int) -> None:
        """The clock, which may jump, finds what stalled."""
        with interrupted_at(interruption):
            stalled.sweep(at=self.now() + timedelta(days=days))

    @invariant()
    def deadlines_are_those_of_the_rules(self) -> None:
        """Whatever was told in whatever order, and whatever was struck down."""
        for order in Order.objects.for_merchant(self.merchant):
            dossier = Dossier.of(order)
            assert order.stalls_at == deadlines.of_order(dossier)
            for parcel in dossier.shipments:
                assert parcel.stalls_at == deadlines.of_shipment(parcel, order)
                assert parcel.delays_at == deadlines.of_delay(parcel, order)
                newest = parcel.scans.order_by("-occurred_at").values_list("occurred_at", flat=True).first()
                assert parcel.last_scan_at == newest

    @invariant()
    def facts_and_events_are_the_same(self) -> None:
        """Never a fact without its event, never an event without its fact, and each event on its way once."""
        events = Event.objects.for_merchant(self.merchant)
        assert sorted(events.values_list("metric", "unique_id")) == sorted(set(self._facts()) | set(self._in_transit()))
        deliveries = Delivery.objects.for_merchant(self.merchant).values_list("event", flat=True)
        assert sorted(deliveries) == sorted(events.values_list("pk", flat=True))

    def _facts(self) -> Iterator[tuple[str, str]]:
        """What the rows say has happened, as metric and unique id."""
        for order in Order.objects.for_merchant(self.merchant):
            yield "shopify_order_created", f"order:{order.external_id}"
            yield from _of_subscribers(order)
            yield from _update(order.subject, "order_created", order.placed_at)
            for metric, instant in (
                ("processing_order", order.processing_at),
                ("order_shipped", order.shipped_at),
                ("order_delivered", order.delivered_at),
                ("order_cancelled", order.cancelled_at),
            ):
                if instant:
                    yield metric, f"order:{order.external_id}:{metric.removeprefix('order_').removesuffix('_order')}"
        for shipment in Shipment.objects.for_merchant(self.merchant):
            yield "shipment_created", f"shipment:{shipment.external_id}:created"
            for trigger, found in (("delayed", shipment.delayed_at), ("arriving_early", shipment.early_at)):
                if found:
                    yield from _update(shipment.external_id, trigger, deadlines.first_promise(shipment) or found)
        for scan in Scan.objects.for_merchant(self.merchant).filter(is_transition=True).select_related("shipment"):
            moved = f"{scan.shipment.external_id}:{scan.status}:{int(scan.occurred_at.timestamp())}"
            yield "shipment_update_received", f"shipment:{moved}"
            yield from _update(scan.shipment.external_id, scan.status, scan.occurred_at)
        for issue in Issue.objects.for_merchant(self.merchant).select_related("shipment", "order"):
            of = f"{issue.problem}:{(issue.shipment or issue.order).external_id}"
            yield "order_issue_created", f"issue:{of}"
            if issue.resolved_at:
                yield "order_issue_resolved", f"resolved:{of}"

    def _in_transit(self) -> Iterator[tuple[str, str]]:
        """The updates of parcels that stalled after their pick-up, which no row tells from others that stalled."""
        stalled_in_transit = Event.objects.for_merchant(self.merchant).filter(properties__Trigger="stalled_in_transit")
        known = set(stalled_in_transit.values_list("metric", "unique_id"))
        for issue in Issue.objects.for_merchant(self.merchant).filter(problem="ShipmentStalled"):
            assert issue.shipment is not None
            assert issue.still_since is not None
            named = set(_update(issue.shipment.external_id, "stalled_in_transit", issue.still_since))
            assert named <= known or named.isdisjoint(known)
            yield from named & known


def _of_subscribers(order: Order) -> Iterator[tuple[str, str]]:
    """The three that have the order's bare id."""
    yield "placed_order", order.external_id
    if order.cancelled_at:
        yield "cancelled_order", order.external_id
    if order.billed_at and order.completed_at:
        yield "fulfilled_order", order.external_id


def _update(about: str, trigger: str, anchor: datetime) -> Iterator[tuple[str, str]]:
    """A tracking update with its only item."""
    if trigger != statuses.UNKNOWN:
        unique_id = f"track:{about}:{trigger}:{int(anchor.timestamp())}"
        yield "order_tracking_update", unique_id
        yield "order_tracking_update_item", f"{unique_id}:item:1"


@pytest.mark.parametrize("many", [15, pytest.param(300, marks=pytest.mark.full)])
def test_no_fact_without_its_event_and_no_event_without_its_fact(db: None, many: int) -> None:
    """Every action, interrupted anywhere."""
    profile = settings(max_examples=many, stateful_step_count=15, deadline=None)

    run_state_machine_as_test(Domain, settings=profile)
