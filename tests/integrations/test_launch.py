"""Launch: what is held before it, what it lets go, and changes of its date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from integrations import customers, history, launch
from integrations.models import Connection, Customer, Delivery, Event, Lane, Merchant
from integrations.people import PersonInput
from tracking import facts, services
from tracking.dossier import Dossier
from tracking.inputs import OrderInput
from tracking.models import Order

LAUNCH = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def connection(db: None) -> Connection:
    """To be launched, with two days before the launch as backfill."""
    merchant = Merchant.objects.create(name="Alba")
    connection = Connection.objects.create(
        merchant=merchant, enabled_metrics=["shopify_order_created"], launch_at=LAUNCH, backfill_days=2
    )
    Lane.objects.create(merchant=merchant, connection=connection)
    return connection


def tell(
    connection: Connection, key: str, placed: datetime, *, at: datetime, email: str = "ann@shopper.example"
) -> None:
    """An order comes in."""
    merchant = Merchant.objects.get(pk=connection.merchant_id)
    order = OrderInput(
        external_id=key, number=f"#{key}", created_at=placed, updated_at=placed, person=PersonInput(email=email)
    )
    with transaction.atomic():
        services.ingest_order(merchant=merchant, order=order, at=at)


def outcome(key: str = "") -> Any:
    """State, reason and backfill of each order's delivery, or of one."""
    rows = Delivery.objects.order_by("id").values_list("event__subject", "state", "reason", "is_backfill")
    found = {subject.removeprefix("order:"): tuple(row) for subject, *row in rows}
    return found[key] if key else found


HELD = ("held", "before_launch")


def test_before_the_launch_everything_is_held_and_nothing_launched(connection: Connection) -> None:
    tell(connection, "1", LAUNCH - DAY, at=LAUNCH - DAY)

    assert launch.launch_due(at=LAUNCH - timedelta(seconds=1)) == 0
    assert outcome("1") == (*HELD, True)
    assert Connection.objects.get().launched_at is None


def test_the_launch_lets_the_window_go_as_backfill_and_the_rest_live(connection: Connection) -> None:
    for key, placed in {
        "too old": LAUNCH - 2 * DAY - HOUR,
        "window": LAUNCH - 2 * DAY,
        "ahead of our clock": LAUNCH + HOUR,
    }.items():
        tell(connection, key, placed, at=LAUNCH - HOUR)
    tell(connection, "nobody", LAUNCH - DAY, at=LAUNCH - HOUR, email="")

    assert launch.launch_due(at=LAUNCH) == 1

    assert outcome() == {
        "too old": ("skipped", "before_window", False),
        "window": ("pending", "", True),
        "ahead of our clock": ("pending", "", False),
        "nobody": ("held", "no_identity", True),
    }
    assert Connection.objects.get().launched_at == LAUNCH
    assert set(Delivery.objects.filter(state="pending").values_list("not_before", flat=True)) == {LAUNCH}


def test_twice_is_once(connection: Connection) -> None:
    tell(connection, "1", LAUNCH - DAY, at=LAUNCH - HOUR)
    first = launch.launch(connection, at=LAUNCH)
    Delivery.objects.update(state="sent")

    assert (first, launch.launch(connection, at=LAUNCH + HOUR), launch.launch_due(at=LAUNCH + HOUR)) == (True, False, 0)
    assert outcome("1") == ("sent", "", True)
    assert Connection.objects.get().launched_at == LAUNCH


def test_a_launch_touches_no_other_connection(connection: Connection) -> None:
    other = Connection.objects.create(
        merchant=Merchant.objects.create(name="Bora"),
        enabled_metrics=["shopify_order_created"],
        launch_at=LAUNCH + DAY,
        backfill_days=2,
    )
    tell(other, "theirs", LAUNCH, at=LAUNCH - HOUR)

    launch.launch_due(at=LAUNCH)

    assert outcome("theirs") == (*HELD, True)


def test_a_later_date_holds_again_what_was_not_tried(connection: Connection) -> None:
    launch.launch(connection, at=LAUNCH)
    for key in ("waits", "tried", "sent"):
        tell(connection, key, LAUNCH + HOUR, at=LAUNCH + HOUR)
    Delivery.objects.filter(event__subject="order:tried").update(attempts=1)
    Delivery.objects.filter(event__subject="order:sent").update(state="sent", attempts=1)

    launch.reschedule(connection, launch_at=LAUNCH + DAY, backfill_days=2, at=LAUNCH + 2 * HOUR)

    assert outcome() == {"waits": (*HELD, False), "tried": ("pending", "", False), "sent": ("sent", "", False)}
    assert Connection.objects.get().launched_at is None
    launch.launch_due(at=LAUNCH + DAY)
    assert outcome("waits") == ("pending", "", True)


def test_an_earlier_date_makes_live_what_came_after_it(connection: Connection) -> None:
    tell(connection, "1", LAUNCH - HOUR, at=LAUNCH - HOUR)
    assert outcome("1") == (*HELD, True)

    launch.reschedule(connection, launch_at=LAUNCH - HOUR, backfill_days=2, at=LAUNCH - HOUR)

    assert outcome("1") == ("pending", "", False)


def test_a_wider_window_takes_back_in_what_was_too_old(connection: Connection) -> None:
    tell(connection, "5 days", LAUNCH - 5 * DAY, at=LAUNCH - HOUR)
    tell(connection, "9 days", LAUNCH - 9 * DAY, at=LAUNCH - HOUR)
    launch.launch(connection, at=LAUNCH)

    launch.reschedule(connection, launch_at=LAUNCH, backfill_days=7, at=LAUNCH + HOUR)

    assert outcome() == {"5 days": ("pending", "", True), "9 days": ("skipped", "before_window", False)}
    assert Delivery.objects.get(state="pending").settled_at is None


def test_a_narrower_window_leaves_out_what_was_held(connection: Connection) -> None:
    tell(connection, "1", LAUNCH - DAY, at=LAUNCH - HOUR)

    launch.reschedule(connection, launch_at=LAUNCH, backfill_days=0, at=LAUNCH)

    assert outcome("1") == ("skipped", "before_window", True)


def test_a_shopper_who_becomes_known_before_the_launch_is_told_at_the_launch(connection: Connection) -> None:
    tell(connection, "1", LAUNCH - DAY, at=LAUNCH - DAY, email="")
    tell(connection, "1", LAUNCH - DAY, at=LAUNCH - HOUR, email="ann@shopper.example")

    launch.launch(connection, at=LAUNCH)

    assert Event.objects.get().customer == Customer.objects.get()
    assert outcome("1") == ("pending", "", True)


def test_what_a_worker_records_while_the_launch_passes_is_not_held_for_ever(connection: Connection) -> None:
    workers = Merchant.objects.prefetch_related("connections").get()
    list(workers.connections.all())
    launch.reschedule(connection, launch_at=LAUNCH - DAY, backfill_days=2, at=LAUNCH - HOUR)
    order = Order.objects.create(
        merchant=workers,
        external_id="1",
        number="#1",
        customer=Customer.objects.create(merchant=workers, email="ann@shopper.example"),
        placed_at=LAUNCH - HOUR,
        source_updated_at=LAUNCH - HOUR,
        recorded_at=LAUNCH - HOUR,
    )
    with transaction.atomic():
        history.announce(facts.OrderPlaced.of(Dossier(order, [], []), LAUNCH - HOUR), at=LAUNCH - HOUR)

    launch.launch_due(at=LAUNCH + HOUR)

    assert outcome("1") == ("pending", "", False)


def test_a_delivery_without_an_identity_follows_a_new_launch_date(connection: Connection) -> None:
    tell(connection, "1", LAUNCH - HOUR, at=LAUNCH - HOUR, email="")
    launch.reschedule(connection, launch_at=LAUNCH - DAY, backfill_days=2, at=LAUNCH - HOUR)
    assert outcome("1")[:2] == ("held", "no_identity")
    with transaction.atomic():
        person = PersonInput(email="ann@shopper.example")
        customer = customers.resolve(connection.merchant, person, at=LAUNCH)
        assert customer
        history.identify(connection.merchant, "order:1", customer, at=LAUNCH)

    assert outcome("1") == ("pending", "", False)


def test_an_identity_that_comes_before_a_later_launch_date_waits_for_it(connection: Connection) -> None:
    launch.launch(connection, at=LAUNCH)
    tell(connection, "1", LAUNCH + HOUR, at=LAUNCH + HOUR, email="")
    launch.reschedule(connection, launch_at=LAUNCH + 2 * DAY, backfill_days=0, at=LAUNCH + HOUR)

    tell(connection, "1", LAUNCH + HOUR, at=LAUNCH + 2 * HOUR, email="ann@shopper.example")
    launch.launch_due(at=LAUNCH + 2 * DAY)

    assert outcome("1")[:2] == ("skipped", "before_window")
