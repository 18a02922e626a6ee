"""What can be done with orders, in whatever order the news arrive."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Customer, Delivery, Event, Merchant
from integrations.people import NOBODY, PersonInput
from tests.tracking.telling import (
    ANN,
    AT,
    DAY,
    HOUR,
    fulfillment,
    make_merchant,
    order,
    refund,
    scan,
    ship,
    told,
    track,
)
from tracking import services
from tracking.inputs import LineInput
from tracking.models import Issue, Order, OrderLine, Scan, Shipment

STATES = ("processing_order", "order_shipped", "order_delivered", "order_cancelled")


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant with every metric on."""
    return make_merchant()


def test_a_new_order_is_kept_whole(merchant: Merchant) -> None:
    handled = order(merchant, currency="EUR", total=Decimal("59.90"), destination_country="DE", is_paid=True)

    row = Order.objects.get()
    assert (handled.note, handled.reference) == ("order #1 is new", "#1")
    assert (row.number, row.currency, row.total, row.destination_country) == ("#1", "EUR", Decimal("59.9000"), "DE")
    assert (row.placed_at, row.source_updated_at, row.recorded_at, row.processing_at) == (AT, AT, AT + DAY, AT)
    assert list(row.lines.order_by("position").values_list("product_name", "quantity")) == [
        ("Wool jumper", 1),
        ("Socks", 2),
    ]
    assert told() == ["order:1", "order:1:processing"]


def test_the_same_message_again_changes_and_tells_nothing(merchant: Merchant) -> None:
    whole: dict[str, Any] = {"is_paid": True, "fulfillments": (fulfillment(scan=scan("delivered", 2)),)}
    order(merchant, **whole)
    before = [list(model.objects.values()) for model in (Order, OrderLine, Shipment, Scan, Event, Delivery, Customer)]

    order(merchant, **whole)

    assert [list(m.objects.values()) for m in (Order, OrderLine, Shipment, Scan, Event, Delivery, Customer)] == before


def test_an_older_message_leaves_the_newer_ones_rows(merchant: Merchant) -> None:
    order(merchant, 5, total=Decimal(10))

    handled = order(merchant, 3, total=Decimal(99), lines=(LineInput("13", "Hat"),))

    assert handled.note == "older than what is known of #1"
    assert Order.objects.get().total == 10
    assert set(OrderLine.objects.values_list("product_name", flat=True)) == {"Wool jumper", "Socks"}


def test_an_older_message_may_tell_what_no_newer_one_did(merchant: Merchant) -> None:
    order(merchant, 5)

    order(merchant, 3, is_paid=True, fulfillments=(fulfillment(),))

    assert told() == ["order:1", "order:1:processing", "shipment:f1:created", "order:1:shipped"]


def test_an_older_message_does_not_bring_back_the_shoppers_old_address(merchant: Merchant) -> None:
    order(merchant, 5, person=replace(ANN, email="ann@new.example", last_name="Married"))

    order(merchant, 3)

    customer = Customer.objects.get()
    assert (customer.email, customer.last_name) == ("ann@new.example", "Married")
    assert Delivery.objects.get().identifier == "ann@new.example"


def test_an_older_message_does_not_hand_the_order_to_another_shopper(merchant: Merchant) -> None:
    order(merchant, 5, person=PersonInput(email="bob@shopper.example"))

    order(merchant, 3, person=PersonInput(email="typo@shopper.example"))

    customer = Order.objects.get().customer
    assert customer
    assert customer.email == "bob@shopper.example"


def test_a_line_that_an_edit_removed_is_no_longer_waited_for(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant, items=(("11", 1),))
    track(merchant, scan("delivered", 2))
    assert told("order_delivered") == []

    order(merchant, 3, lines=(LineInput("11", "Wool jumper"),))

    assert told("order_delivered") == ["order:1:delivered"]
    assert OrderLine.objects.get(external_id="12").quantity == 0


def test_an_edit_that_adds_a_line_is_waited_for(merchant: Merchant) -> None:
    order(merchant)
    lines = (LineInput("11", "Wool jumper"), LineInput("12", "Socks", quantity=2, ordered=2), LineInput("13", "Hat"))
    order(merchant, 1, lines=lines)
    ship(merchant)

    track(merchant, scan("delivered", 2))

    assert told("order_delivered") == []
    assert list(OrderLine.objects.order_by("position").values_list("external_id", flat=True)) == ["11", "12", "13"]


def test_lines_of_nothing_and_lines_that_are_not_shipped_are_not_waited_for(merchant: Merchant) -> None:
    gone = LineInput("12", "Socks", quantity=0, ordered=2)
    order(merchant, lines=(LineInput("11", "Jumper"), gone, LineInput("13", "Gift card", requires_shipping=False)))
    ship(merchant, items=(("11", 1),))

    track(merchant, scan("delivered", 2))

    assert told("order_delivered") == ["order:1:delivered"]


def test_an_order_without_lines_is_an_order_and_never_delivered(merchant: Merchant) -> None:
    order(merchant, lines=(), is_paid=True)

    assert told() == ["order:1", "order:1:processing"]


def test_a_test_order_is_kept_and_tells_nothing(merchant: Merchant) -> None:
    handled = order(merchant, is_test=True, is_paid=True, fulfillments=(fulfillment(scan=scan("failure", 2)),))

    assert handled.note == "#1 is a test order: it is kept and builds no events"
    assert (Order.objects.count(), Shipment.objects.count(), Event.objects.count()) == (1, 1, 0)


def test_a_deleted_order_goes_and_its_history_stays(merchant: Merchant) -> None:
    order(merchant, fulfillments=(fulfillment(scan=scan("failure", 2)),))
    before = told()

    gone = services.forget_order(merchant=merchant, order_external_id="1", at=AT + DAY)
    again = services.forget_order(merchant=merchant, order_external_id="1", at=AT + DAY)

    assert (gone.note, again.note) == ("the order is deleted; its history stays", "no such order")
    assert not any(model.objects.exists() for model in (Order, OrderLine, Shipment, Scan, Issue))
    assert told() == before


def test_a_guest_who_is_identified_later_hears_of_everything(merchant: Merchant) -> None:
    order(merchant, person=NOBODY, is_paid=True)
    assert set(Delivery.objects.values_list("state", "reason")) == {("held", "no_identity")}

    order(merchant, 1)

    assert set(Delivery.objects.values_list("state", "identifier")) == {("pending", "ann@shopper.example")}
    assert set(Event.objects.values_list("customer__email", flat=True)) == {"ann@shopper.example"}


def test_a_message_that_names_nobody_leaves_the_shopper(merchant: Merchant) -> None:
    order(merchant)

    order(merchant, 1, person=NOBODY, is_paid=True)

    assert set(Event.objects.values_list("customer__email", flat=True)) == {"ann@shopper.example"}


def test_a_shopper_without_a_name_has_none(merchant: Merchant) -> None:
    order(merchant, person=PersonInput(email="ann@shopper.example", company="Acme"))

    customer = Customer.objects.get()
    assert (customer.full_name, customer.company) == ("", "Acme")


@pytest.mark.parametrize(
    ("messages", "states"),
    [
        ([{"is_paid": True}], ["processing"]),
        ([{}], []),
        ([{}, {"is_paid": True}, {"is_paid": True}], ["processing"]),
        ([{"is_paid": True, "cancelled_at": AT}], ["cancelled"]),
        ([{"is_paid": True}, {"cancelled_at": AT, "is_paid": True}], ["processing", "cancelled"]),
        ([{"cancelled_at": AT}, {"is_paid": True}], ["cancelled"]),
        ([{"cancelled_at": AT}, {"cancelled_at": AT + HOUR}], ["cancelled"]),
    ],
)
def test_processing_and_cancellation_are_told_once(
    merchant: Merchant, messages: list[dict[str, Any]], states: list[str]
) -> None:
    for hours, message in enumerate(messages):
        order(merchant, hours, **message)

    assert told(*STATES) == [f"order:1:{state}" for state in states]


def test_the_cancellation_is_told_at_its_own_time_with_its_reason_kept(merchant: Merchant) -> None:
    order(merchant, 3, cancelled_at=AT + 2 * HOUR, cancel_reason="customer\n")

    assert Event.objects.get(metric="order_cancelled").occurred_at == AT + 2 * HOUR
    assert Order.objects.get().cancel_reason == "customer"


def test_a_parcel_of_an_unpaid_order_says_that_it_was_processed(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant)

    assert told(*STATES) == ["order:1:processing", "order:1:shipped"]
    assert set(Event.objects.filter(metric__in=STATES).values_list("occurred_at", flat=True)) == {AT + HOUR}


@pytest.mark.parametrize("is_refund_first", [True, False])
def test_a_refund_before_or_after_the_orders_update_counts_once(merchant: Merchant, is_refund_first: bool) -> None:
    order(merchant)
    after = (LineInput("11", "Wool jumper"), LineInput("12", "Socks", quantity=1, ordered=2))
    if is_refund_first:
        refund(merchant, 2, ("12", 1))
    order(merchant, 2, lines=after)
    if not is_refund_first:
        refund(merchant, 2, ("12", 1))

    assert dict(OrderLine.objects.values_list("external_id", "quantity")) == {"11": 1, "12": 1}


def test_a_refund_twice_is_once_and_never_below_nothing(merchant: Merchant) -> None:
    order(merchant)
    refund(merchant, 2, ("12", 5), ("no such line", 1))
    again = refund(merchant, 2, ("11", 1))

    assert again.note == "the order is newer and counts this refund already"
    assert dict(OrderLine.objects.values_list("external_id", "quantity")) == {"11": 1, "12": 0}


def test_a_refund_of_what_was_still_to_come_completes_the_delivery(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant, items=(("11", 1),))
    track(merchant, scan("delivered", 2))

    refund(merchant, 3, ("12", 2))

    (event,) = Event.objects.filter(metric="order_delivered")
    assert event.occurred_at == AT + 2 * HOUR


def test_an_update_from_before_a_refund_does_not_undo_it(merchant: Merchant) -> None:
    order(merchant)
    refund(merchant, 2, ("12", 2))

    order(merchant, 1)

    assert OrderLine.objects.get(external_id="12").quantity == 0


def test_what_comes_before_its_order_waits_for_it(merchant: Merchant) -> None:
    waits = [refund(merchant, 2, ("12", 1)), ship(merchant), track(merchant, scan("delivered", 2))]

    assert [each.waits_for for each in waits] == ["order:1", "order:1", "parcel:1ZA"]
    assert not Event.objects.exists()


@pytest.mark.parametrize("lines", [2, 50])
def test_an_order_without_news_costs_six_queries_whatever_its_size(merchant: Merchant, lines: int) -> None:
    many = tuple(LineInput(str(number), "Socks") for number in range(lines))
    shipped = (fulfillment(items=tuple((line.external_id, 1) for line in many)),)
    order(merchant, lines=many, is_paid=True, fulfillments=shipped)

    with CaptureQueriesContext(connection) as queries:
        order(merchant, lines=many, is_paid=True, fulfillments=shipped)

    assert len(_statements(queries)) == 6


@pytest.mark.parametrize("scans", [1, 30])
def test_a_history_that_is_known_costs_the_same_however_long_it_is(merchant: Merchant, scans: int) -> None:
    order(merchant, fulfillments=(fulfillment(),))
    history = [scan("in_transit", 2 + number) for number in range(scans)]
    track(merchant, *history)

    with CaptureQueriesContext(connection) as queries:
        track(merchant, *history)

    assert len(_statements(queries)) == 5


def _statements(queries: CaptureQueriesContext) -> list[str]:
    return [each["sql"] for each in queries if not each["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
