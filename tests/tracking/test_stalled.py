"""Orders and parcels that stall: found when they are due, told once, judged by the settings of their day."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import close_old_connections, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import history, inbound, sources
from integrations.models import Delivery, Event, Merchant
from tests.support.payloads import easypost_tracker, shopify_fulfillment, shopify_order
from tests.tracking.telling import ANN, DAY, HOUR, make_merchant
from tracking import services, stalled, tasks
from tracking.inputs import FulfillmentInput, LineInput, OrderInput, ParcelInput, RefundInput, ScanInput, TrackerInput
from tracking.models import Issue, Order, Problem, Shipment
from tracking.services import policies

NEW_YORK = ZoneInfo("America/New_York")
TEA = LineInput("11", "Tea")


def at(text: str) -> datetime:
    """An instant in New York."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


PLACED = at("2026-11-19 10:00")
"""A Thursday: with the weekend excluded, 72 hours are over on Tuesday at ten."""

DUE = at("2026-11-24 10:00")


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant in New York with every metric on."""
    Merchant.objects.filter(pk=make_merchant().pk).update(timezone="America/New_York")
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


# Orders


def test_an_order_that_nobody_ships_is_told_once_at_the_minute_it_is_due(merchant: Merchant) -> None:
    place(merchant)

    assert stalled.sweep(at=DUE - timedelta(seconds=1)) == 0
    assert stalled.sweep(at=DUE) == 1
    assert stalled.sweep(at=DUE + DAY) == 0
    assert issues() == [stalled_order()]
    order = Order.objects.get()
    assert (order.stalls_at, order.stalled_at) == (None, DUE)


@pytest.mark.parametrize(
    ("placed", "due"),
    [
        ("2026-11-20 23:30", "2026-11-25 23:30"),
        ("2026-11-21 12:00", "2026-11-26 00:00"),
        # Clocks go forward on the eighth, a Sunday that does not count, and back on the first of November.
        ("2026-03-06 18:00", "2026-03-11 18:00"),
        ("2026-10-30 12:00", "2026-11-04 12:00"),
    ],
)
def test_weekends_of_the_merchant_do_not_count(merchant: Merchant, placed: str, due: str) -> None:
    assert place(merchant, at(placed)).stalls_at == at(due)


def test_it_is_real_time_where_clocks_are_changed_on_a_day_that_counts(merchant: Merchant) -> None:
    policies.change(merchant, by=None, at=PLACED - 60 * DAY, excluded_weekdays=[])

    assert place(merchant, at("2026-10-31 12:00")).stalls_at == at("2026-11-03 11:00")


def test_holidays_and_own_dates_do_not_count(merchant: Merchant) -> None:
    policies.change(merchant, by=None, at=PLACED - DAY, holiday_country="US", own_dates=["2026-11-27"])

    assert place(merchant, at("2026-11-24 10:00")).stalls_at == at("2026-12-01 10:00")


def test_holidays_of_a_region(merchant: Merchant) -> None:
    Merchant.objects.update(timezone="Europe/Berlin")
    merchant.refresh_from_db()
    policies.change(merchant, by=None, at=PLACED - 400 * DAY, holiday_country="DE", holiday_region="BY")
    epiphany_eve = datetime(2026, 1, 5, 12, tzinfo=ZoneInfo("Europe/Berlin"))

    assert place(merchant, epiphany_eve).stalls_at == epiphany_eve + 4 * DAY


@pytest.mark.parametrize(
    "news",
    [
        lambda m: ship(m, PLACED + DAY),
        lambda m: place(m, updated=PLACED + DAY, cancelled_at=PLACED + DAY),
        lambda m: place(m, updated=PLACED + DAY, lines=()),
        lambda m: place(m, updated=PLACED + DAY, lines=(LineInput("12", "Voucher", requires_shipping=False),)),
        lambda m: services.ingest_refund(
            merchant=m, refund=RefundInput("r1", "1", PLACED + DAY, (("11", 1),)), at=PLACED + DAY
        ),
    ],
    ids=["shipped", "cancelled", "emptied", "a voucher in its place", "refunded"],
)
def test_an_order_is_waited_for_no_longer_once_it_is_shipped_or_nothing_is_left_to_ship(
    merchant: Merchant, news: Any
) -> None:
    place(merchant)
    news(merchant)

    assert Order.objects.get().stalls_at is None
    stalled.flag_orders(at=DUE + DAY)
    assert not Issue.objects.exists()


@pytest.mark.parametrize(
    "given",
    [{"is_test": True}, {"lines": ()}, {"lines": (LineInput("12", "Voucher", requires_shipping=False),)}],
    ids=["test", "empty", "voucher"],
)
def test_an_order_that_nobody_has_to_ship_never_stalls(merchant: Merchant, given: dict[str, Any]) -> None:
    assert place(merchant, **given).stalls_at is None


def test_an_order_that_comes_to_hold_something_is_waited_for(merchant: Merchant) -> None:
    place(merchant, lines=())

    assert place(merchant, updated=PLACED + DAY).stalls_at == DUE


def test_an_order_that_stalled_and_is_edited_does_not_stall_again(merchant: Merchant) -> None:
    place(merchant)
    stalled.sweep(at=DUE)
    order = place(merchant, updated=DUE + HOUR, lines=(TEA, LineInput("13", "Pot")))

    assert (order.stalls_at, order.stalled_at) == (None, DUE)


def test_an_order_that_is_shipped_when_it_is_told_first_does_not_stall(merchant: Merchant) -> None:
    parcel = FulfillmentInput("f1", "1", created_at=PLACED, updated_at=PLACED)

    assert place(merchant, fulfillments=(parcel,)).stalls_at is None


# Parcels


def test_a_parcel_is_counted_from_its_fulfilment_then_from_its_newest_scan(merchant: Merchant) -> None:
    place(merchant)
    assert ship(merchant).stalls_at == DUE
    assert scan(merchant, "pre_transit", PLACED + HOUR).stalls_at == DUE + HOUR
    assert scan(merchant, "in_transit", PLACED + 4 * HOUR).stalls_at == DUE + 4 * HOUR
    assert scan(merchant, "in_transit", PLACED + 2 * HOUR, message="late").stalls_at == DUE + 4 * HOUR
    assert scan(merchant, "unknown", PLACED + 5 * HOUR).stalls_at == DUE + 5 * HOUR
    assert scan(merchant, "failure", PLACED + 6 * HOUR).stalls_at == DUE + 6 * HOUR

    stalled.sweep(at=DUE + 6 * HOUR)
    assert issues()[-1] == stalled_parcel(DUE + 6 * HOUR)


@pytest.mark.parametrize("word", ["delivered", "return_to_sender", "cancelled"])
def test_a_parcel_that_is_at_its_end_does_not_stall(merchant: Merchant, word: str) -> None:
    place(merchant)
    ship(merchant)

    assert scan(merchant, word, PLACED + HOUR).stalls_at is None


def test_a_parcel_that_stalled_and_moves_again_is_not_told_twice(merchant: Merchant) -> None:
    place(merchant)
    ship(merchant)
    stalled.sweep(at=DUE)
    moved = scan(merchant, "in_transit", DUE + HOUR)

    assert (moved.stalls_at, moved.stalled_at) == (None, DUE)
    assert stalled.sweep(at=DUE + 30 * DAY) == 0
    assert issues() == [stalled_parcel(DUE)]


def test_a_test_order_s_parcel_does_not_stall(merchant: Merchant) -> None:
    place(merchant, is_test=True)

    assert ship(merchant).stalls_at is None


def test_before_pickup_and_in_transit_have_hours_of_their_own(merchant: Merchant) -> None:
    policies.change(merchant, by=None, at=PLACED - DAY, hours_before_pickup=24, hours_in_transit=None)
    place(merchant)

    assert ship(merchant).stalls_at == at("2026-11-20 10:00")
    assert scan(merchant, "in_transit", PLACED + HOUR).stalls_at is None


# What is told


def test_what_is_told_of_an_order(merchant: Merchant) -> None:
    policies.change(merchant, by=None, at=PLACED - DAY, home_country="US")
    place(merchant)
    stalled.sweep(at=DUE + HOUR)

    event = Event.objects.get(metric="order_issue_created")
    assert (event.recorded_at, event.customer.email, event.order_number) == (DUE + HOUR, "ann@shopper.example", "#1")
    assert event.properties == {
        "ProblemType": "FulfillmentStalled",
        "OrderNumber": "#1",
        "OrderId": "1",
        "HoursStalled": 120.0,
        "NotUpdatedSince": "2026-11-19T15:00:00+00:00",
        "WindowHours": 72,
        "ExcludedDays": ["Saturday", "Sunday"],
        "StalledSettingsVersion": 1,
        "ItemNames": ["Tea"],
        "Items": [{"ProductName": "Tea", "Quantity": 1}],
    }
    assert Delivery.objects.filter(event=event).count() == 1


def test_what_is_told_of_a_parcel(merchant: Merchant) -> None:
    place(merchant)
    ship(merchant, parcels=(ParcelInput("1Z1", "https://ups.example/1Z1"),))
    scan(merchant, "in_transit", PLACED + HOUR)
    stalled.sweep(at=DUE + HOUR)

    event = Event.objects.get(metric="order_issue_created")
    assert event.tracking_number == "1Z1"
    assert event.properties == {
        "ProblemType": "ShipmentStalled",
        "OrderNumber": "#1",
        "OrderId": "1",
        "ShipmentId": "f1",
        "TrackingNumber": "1Z1",
        "Carrier": "UPS",
        "HoursStalled": 120.0,
        "NotUpdatedSince": "2026-11-19T16:00:00+00:00",
        "WindowHours": 72,
        "ExcludedDays": ["Saturday", "Sunday"],
        "StalledSettingsVersion": 0,
        "TrackingUrl": "https://ups.example/1Z1",
        "ItemNames": ["Tea"],
        "Items": [{"ProductName": "Tea", "Quantity": 1}],
    }


@pytest.mark.parametrize("off", list(Problem))
def test_each_type_of_problem_can_be_switched_off(merchant: Merchant, off: Problem) -> None:
    policies.change(merchant, by=None, at=PLACED - DAY, problems_off=[off])
    place(merchant, key="1")
    for key in ("2", "3"):
        place(merchant, key=key)
        ship(merchant, key=key)
    scan(merchant, "failure", PLACED + HOUR, key="2")
    scan(merchant, "return_to_sender", PLACED + HOUR, key="3")
    stalled.sweep(at=DUE + HOUR)

    assert {problem for _, problem, _ in issues()} == set(Problem.values) - {off}


# Settings


def test_a_change_does_not_touch_what_was_placed_before(merchant: Merchant) -> None:
    place(merchant, PLACED, key="1")
    made = policies.change(merchant, by=None, at=PLACED + HOUR, hours_until_fulfillment=24, hours_before_pickup=48)
    late = place(merchant, PLACED, key="2", updated=PLACED + 2 * HOUR)
    new = place(merchant, PLACED + HOUR, key="3")
    parcels = [ship(merchant, key=key) for key in "123"]

    assert [Order.objects.get(external_id=key).stalled_policy for key in "123"] == [None, None, made]
    assert (late.stalls_at, new.stalls_at) == (DUE, at("2026-11-20 11:00"))
    assert [each.stalls_at for each in parcels] == [DUE, DUE, at("2026-11-23 10:00")]
    assert place(merchant, PLACED, key="1", updated=PLACED + 3 * HOUR).policy.version == 0


def test_the_version_in_force_is_the_one_of_the_placing(merchant: Merchant) -> None:
    for hours in (10, 20, 30):
        policies.change(merchant, by=None, at=PLACED + hours * HOUR, hours_in_transit=hours)

    assert place(merchant, PLACED + 25 * HOUR).policy.version == 2


OVERRIDES = [
    {"carrier": "ups", "destination": "", "before_pickup": 11, "in_transit": 1},
    {"carrier": "", "destination": "domestic", "before_pickup": 12, "in_transit": 2},
    {"carrier": "", "destination": "international", "before_pickup": 13, "in_transit": 3},
    {"carrier": "", "destination": "CA", "before_pickup": 14, "in_transit": None},
    {"carrier": "UPS", "destination": "international", "before_pickup": 15, "in_transit": 5},
    {"carrier": "UPS", "destination": "FR", "before_pickup": None, "in_transit": 6},
]


@pytest.mark.parametrize(
    ("carrier", "country", "hours"),
    [
        ("UPS", "US", (11, 1)),
        ("UPS", "", (11, 1)),
        ("UPS", "CA", (15, 5)),
        ("UPS", "FR", (None, 6)),
        ("DHL", "US", (12, 2)),
        ("DHL", "FR", (13, 3)),
        ("DHL", "CA", (14, None)),
        ("DHL", "", (72, 72)),
        ("", "CA", (14, None)),
    ],
)
def test_the_most_specific_override_decides(
    merchant: Merchant, carrier: str, country: str, hours: tuple[Any, Any]
) -> None:
    policy = policies.change(merchant, by=None, at=PLACED - DAY, home_country="US", overrides=OVERRIDES)

    found = [policy.hours_of_parcel(is_picked_up=each, carrier=carrier, country=country) for each in (False, True)]
    assert tuple(found) == hours


def test_an_override_holds_for_the_carrier_and_the_country_as_they_become_known(merchant: Merchant) -> None:
    policies.change(merchant, by=None, at=PLACED - DAY, home_country="US", overrides=OVERRIDES)
    place(merchant, destination_country="CA")

    assert ship(merchant, carrier="").stalls_at == PLACED + 14 * HOUR
    assert scan(merchant, "pre_transit", PLACED, carrier="UPS").stalls_at == PLACED + 15 * HOUR
    described = ship(merchant, updated=PLACED + HOUR, carrier="DHL", destination_country="FR")
    assert described.stalls_at == PLACED + 13 * HOUR


# Sweeping


def test_from_the_hook_to_the_delivery(merchant: Merchant) -> None:
    placed = timezone.now().replace(microsecond=0) - 20 * DAY
    hear(merchant, "orders/create", shopify_order(1, at=placed, lines=[(11, "Tea", 1)]), placed)
    hear(merchant, "orders/create", shopify_order(2, at=placed, lines=[(11, "Tea", 1)], number="#2"), placed)
    hear(merchant, "fulfillments/create", shopify_fulfillment(5, 2, at=placed, items=[(11, 1)]), placed)
    hear(merchant, "tracker.updated", easypost_tracker([("in_transit", placed + HOUR)]), placed)
    inbound.handle_due(seconds=20, clock=lambda: placed + HOUR)

    tasks.flag_stalled()

    told = Delivery.objects.filter(event__metric="order_issue_created").order_by("event__unique_id")
    assert [(each.event.unique_id, each.state) for each in told] == [
        ("issue:FulfillmentStalled:1", "pending"),
        ("issue:ShipmentStalled:5", "pending"),
    ]


def hear(merchant: Merchant, topic: str, payload: Any, received: datetime) -> None:
    """A message at the merchant's hook."""
    kind = sources.get("easypost" if topic == "tracker.updated" else "shopify")
    headers = {**kind.headers_for(topic), "x-shopify-webhook-id": f"{topic} {payload['id']}"}
    assert inbound.receive(merchant, kind, json.dumps(payload).encode(), headers, at=received)


def test_the_tick_looks_at_the_clock(merchant: Merchant) -> None:
    place(merchant)
    for moment, found in ((DUE - HOUR, 0), (DUE, 1)):
        with time_machine.travel(moment, tick=False):
            tasks.flag_stalled()
        assert Issue.objects.count() == found


def test_a_clock_that_jumps_ahead_and_back_tells_each_once_at_its_own_instant(merchant: Merchant) -> None:
    for hours in range(3):
        place(merchant, PLACED + hours * HOUR, key=str(hours))

    found = [stalled.sweep(at=moment) for moment in (DUE + HOUR, DUE - 9 * DAY, DUE + 99 * DAY, DUE)]

    assert found == [2, 0, 1, 0]
    assert issues() == [stalled_order(str(hours), DUE + hours * HOUR) for hours in range(3)]


def many(merchant: Merchant, count: int) -> None:
    """Orders that stall, and shipped ones whose parcels do."""
    for number in range(count):
        place(merchant, PLACED, key=f"{number}")
        place(merchant, PLACED, key=f"s{number}")
        ship(merchant, key=f"s{number}")


def test_what_a_sweep_asks_does_not_grow_with_what_is_due(merchant: Merchant) -> None:
    counts = []
    for count, due in ((2, DUE), (12, DUE + DAY)):
        for number in range(count):
            place(merchant, PLACED + (due - DUE), key=f"{count}-{number}")
            place(merchant, PLACED + (due - DUE), key=f"s{count}-{number}")
            ship(merchant, PLACED + (due - DUE), key=f"s{count}-{number}")
        with CaptureQueriesContext(connection) as queries:
            assert stalled.sweep(at=due + 2 * DAY) == 2 * count
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 28


def test_a_sweep_with_nothing_due_asks_twice(merchant: Merchant) -> None:
    many(merchant, 3)
    with CaptureQueriesContext(connection) as queries:
        stalled.sweep(at=PLACED)

    assert len([each for each in queries if each["sql"].startswith("SELECT")]) == 2


def test_a_sweep_takes_one_batch_after_the_other(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalled, "BATCH", 2)
    many(merchant, 5)

    assert stalled.sweep(at=DUE) == 10
    assert Issue.objects.count() == 10


def test_a_sweep_whose_time_is_over_takes_nothing_more(merchant: Merchant) -> None:
    many(merchant, 1)

    assert stalled.sweep(at=DUE, seconds=0) == 0


def test_a_sweep_over_several_merchants_tells_each_its_own(merchant: Merchant) -> None:
    other = Merchant.objects.prefetch_related("connections").get(pk=make_merchant().pk)
    place(merchant)
    place(other)
    stalled.sweep(at=DUE + 9 * DAY)

    mine, theirs = (Event.objects.for_merchant(each).get(metric="order_issue_created") for each in (merchant, other))
    assert (mine.occurred_at, theirs.occurred_at) == (DUE, PLACED + 5 * DAY)
    assert Issue.objects.for_merchant(other).get().order.merchant_id == other.pk


def test_a_sweep_that_breaks_in_the_middle_leaves_nothing_and_loses_nothing(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(merchant, 2)
    announce = history.announce

    def break_off(*facts: Any, at: datetime) -> list[Event]:
        announce(*facts, at=at)
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(history, "announce", break_off)
        with pytest.raises(KeyboardInterrupt):
            stalled.sweep(at=DUE)
    assert (Issue.objects.count(), issues()) == (0, [])

    assert stalled.sweep(at=DUE) == 4
    assert len(issues()) == len(set(issues())) == 4


def test_an_issue_that_is_there_is_not_made_again(merchant: Merchant) -> None:
    place(merchant)
    stalled.sweep(at=DUE)
    Order.objects.update(stalls_at=DUE, stalled_at=None)

    assert stalled.sweep(at=DUE) == 0
    assert (Issue.objects.count(), len(issues())) == (1, 1)


@pytest.fixture
def committed(transactional_db: None) -> Merchant:
    """A merchant whom other connections see."""
    Merchant.objects.filter(pk=make_merchant().pk).update(timezone="America/New_York")
    return Merchant.objects.prefetch_related("connections").get()


def side_by_side(*works: Any) -> None:
    """Run functions in threads that begin together; a failure of one is a failure."""
    barrier, failed = threading.Barrier(len(works)), []

    def run(work: Any) -> None:
        try:
            barrier.wait(30)
            work()
        except BaseException as error:
            failed.append(error)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


def test_sweepers_at_once_tell_each_once(committed: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalled, "BATCH", 3)
    many(committed, 12)

    side_by_side(*[lambda: stalled.sweep(at=DUE)] * 3)
    stalled.sweep(at=DUE)

    assert Issue.objects.count() == 24
    assert len(issues()) == len(set(issues())) == 24


@pytest.mark.postgres
def test_what_another_holds_is_passed_over(committed: Merchant) -> None:
    """News of an order that are being written keep neither the sweep nor its other rows waiting."""
    many(committed, 2)
    with transaction.atomic():
        held = Order.objects.select_for_update().filter(external_id__in=["0", "s0"])
        assert len(held) == 2
        side_by_side(lambda: stalled.sweep(at=DUE))

    assert {identity for identity, _, _ in issues()} == {"issue:FulfillmentStalled:1", "issue:ShipmentStalled:fs1"}
    assert stalled.sweep(at=DUE) == 2


@pytest.mark.postgres
def test_scans_and_sweeps_at_once_wait_in_no_circle(committed: Merchant) -> None:
    many(committed, 10)

    def tell() -> None:
        for number in range(10):
            scan(committed, "in_transit", DUE + number * HOUR, key=f"s{number}")

    def sweep() -> None:
        for _ in range(10):
            stalled.sweep(at=DUE)

    side_by_side(tell, sweep, sweep)
    stalled.sweep(at=DUE + 30 * DAY)

    assert Issue.objects.filter(problem=Problem.SHIPMENT_STALLED).count() == 10


@pytest.mark.postgres
def test_a_sweep_reads_what_is_due_only(merchant: Merchant) -> None:
    many(merchant, 2)
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        for model, index in ((Order, "order_stalls"), (Shipment, "shipment_stalls")):
            plan = model.objects.filter(stalls_at__lte=DUE).order_by("stalls_at")[: stalled.BATCH].explain()
            assert f"Index Scan using {index}" in plan
