"""Why, or why not: for each reason for which a shopper gets no message, a sentence that a person can read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from integrations import profiles, timeline
from integrations.catalog import catalog
from integrations.folding import fold
from integrations.models import Connection, Delivery, Event, Merchant, ProfileChange
from integrations.people import NOBODY
from integrations.timeline import About, Entry
from tests.tracking.telling import AT, DAY, HOUR, make_merchant, order, scan, ship, track
from tracking import stalled
from tracking.dossier import Dossier
from tracking.models import Issue, Order, Scan
from tracking.retelling import facts_of


@pytest.fixture
def merchant(db: None) -> Merchant:
    return make_merchant()


def told(merchant: Merchant, number: str = "#1") -> list[Entry]:
    return timeline.tell(merchant, About((number,)))


def said(merchant: Merchant, title: str, number: str = "#1") -> str:
    """What the only entry with that title says."""
    (found,) = [each for each in told(merchant, number) if each.title == title]
    return found.detail


def settle(merchant: Merchant, metric: str, **values: Any) -> None:
    Delivery.objects.filter(merchant=merchant, event__metric=metric).update(settled_at=AT + DAY, **values)


def test_what_happened_and_what_became_of_it_in_order(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant)
    settle(merchant, "order_shipped", state="sent")

    entries = told(merchant)
    assert [each.at for each in entries] == sorted(each.at for each in entries)
    assert "Klaviyo accepted it." in said(merchant, "Sent: Order shipped")
    assert said(merchant, "Waits to be sent: Tidings: ShopifyOrderCreated") == "It is its turn soon."


REASONS: list[tuple[dict[str, Any], str, str]] = [
    ({"state": "skipped", "reason": "metric_off"}, "Not sent", "The metric was turned off before it could be sent."),
    ({"state": "skipped", "reason": "before_window"}, "Not sent", "older than the days before the launch"),
    ({"state": "skipped", "reason": "no_longer_true"}, "Not sent", "no longer true"),
    ({"state": "held", "reason": "no_identity"}, "Held", "no e-mail address and no phone number"),
    ({"state": "held", "reason": "before_launch"}, "Held", "waits for the launch date"),
    ({"state": "dead", "reason": "rejected", "error": "Invalid phone"}, "Failed", "Klaviyo refused it. Invalid phone"),
    ({"state": "expired", "reason": "uncertain"}, "Failed", "a person decides"),
    (
        {"state": "sent", "is_backfill": True},
        "Sent without starting flows",
        "It was older than 72 hours when it was sent.",
    ),
]


@pytest.mark.parametrize(("values", "title", "detail"), REASONS)
def test_every_end_of_a_delivery_has_its_reason(
    merchant: Merchant, values: dict[str, Any], title: str, detail: str
) -> None:
    order(merchant)
    ship(merchant)
    settle(merchant, "order_shipped", **values)

    assert detail in said(merchant, f"{title}: Order shipped")


@pytest.mark.parametrize(
    ("values", "title", "words"),
    [
        ({}, "Waits to be sent", "It is its turn soon."),
        ({"state": "sent"}, "Sent", "Klaviyo accepted it."),
        ({"state": "skipped", "reason": "opted_out"}, "Not sent", "An opt-out is never undone."),
        ({"state": "held", "reason": "scope_missing"}, "Held", "The key may not do this."),
    ],
)
def test_changes_of_the_shoppers_profile_are_told_with_their_order(
    merchant: Merchant, values: dict[str, Any], title: str, words: str
) -> None:
    order(merchant)
    customer = Event.objects.filter(customer__isnull=False).latest("pk").customer
    assert customer is not None
    with transaction.atomic():
        profiles.request(merchant, customer, ProfileChange.Kind.SUBSCRIBE, asked_at=AT, at=AT, channels=["email"])
    Delivery.objects.filter(change__isnull=False).update(**values)

    (entry,) = [each for each in told(merchant) if each.kind == timeline.Kind.PROFILE]
    assert (entry.title, entry.event) == (f"{title}: Subscribe to marketing (email)", None)
    assert words in entry.detail


def test_every_reason_has_its_words() -> None:
    assert set(timeline.WORDS) == set(Delivery.Reason) - {Delivery.Reason.NONE}


def test_a_paused_connection_is_the_reason_why_something_waits(merchant: Merchant) -> None:
    order(merchant)
    Connection.objects.update(state=Connection.State.PAUSED_KEY)

    assert "The connection is paused: the key is refused." in said(
        merchant, "Waits to be sent: Tidings: ShopifyOrderCreated"
    )


def test_a_metric_that_was_off_is_the_reason_why_there_is_no_event(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant)

    off = said(merchant, "Metrics that are off")
    assert off.endswith(": Placed Order, Order Tracking Update, Order Tracking Update Item")

    for connection in Connection.objects.all():
        connection.enabled_metrics = list(catalog.metrics)
        connection.save()
    merchant = Merchant.objects.prefetch_related("connections").get()
    assert "was off when it happened" in said(merchant, "No event: Order Tracking Update")
    assert not [each for each in told(merchant) if each.title == "No event: Order shipped"]


@pytest.mark.parametrize(
    ("scans", "title", "detail"),
    [
        ([("delivered", 5), ("in_transit", 3)], "Scan of 1ZA: in transit", "late or out of order"),
        ([("in_transit", 3), ("in_transit", 5)], "Scan of 1ZA: in transit", "a repeated scan tells nothing"),
        ([("in_transit", 3), ("unknown", 5)], "Scan of 1ZA: unknown", "nothing that we know"),
    ],
)
def test_a_scan_that_tells_nothing_says_why(
    merchant: Merchant, scans: list[tuple[str, float]], title: str, detail: str
) -> None:
    order(merchant)
    ship(merchant)
    for word, hours in scans:
        track(merchant, scan(word, hours))

    assert detail in said(merchant, title)


def test_what_is_waited_for_is_told_with_its_instant(merchant: Merchant) -> None:
    order(merchant)

    (entry,) = [each for each in told(merchant) if "counts as stalled then" in each.title]
    assert entry.at == Order.objects.get().stalls_at


@pytest.mark.parametrize(
    ("done", "title", "reason"),
    [
        ({"completed_at": AT + HOUR}, "#1 was completed, and is not billed yet", "not_billed"),
        ({"billed_at": AT + HOUR}, "#1 was billed, and is not completed yet", "not_completed"),
    ],
)
def test_what_is_fulfilled_by_half_says_what_fulfilled_order_waits_for(
    merchant: Merchant, done: dict[str, Any], title: str, reason: str
) -> None:
    order(merchant)
    Order.objects.update(**{"billed_at": None, "completed_at": None, **done})
    assert not [each for each in told(merchant) if each.reason == reason]

    Connection.objects.update(enabled_metrics=["placed_order", "fulfilled_order"])
    (entry,) = [each for each in told(Merchant.objects.get(pk=merchant.pk)) if each.reason == reason]
    assert (entry.at, entry.title) == (AT + HOUR, title)
    assert entry.detail == "Fulfilled Order waits until it is."

    Order.objects.update(billed_at=AT, completed_at=AT)
    assert not [each for each in told(Merchant.objects.get(pk=merchant.pk)) if each.reason == reason]


def test_test_orders_and_orders_without_a_shopper_say_so(merchant: Merchant) -> None:
    order(merchant, is_test=True)
    order(merchant, key="2", person=NOBODY)

    assert said(merchant, "#1 is a test order") == "Test orders are kept and build no events."
    assert "wait until a message names" in said(merchant, "#2 came without a shopper", "#2")


def test_another_merchants_order_of_that_number_is_not_told(merchant: Merchant) -> None:
    order(merchant)
    other = Merchant.objects.prefetch_related("connections").get(pk=make_merchant().pk)

    assert told(other) == []


def test_a_timeline_costs_the_same_however_much_happened(merchant: Merchant) -> None:
    counts = []
    for hours in (1, 30):
        order(merchant)
        ship(merchant)
        for each in range(hours):
            track(merchant, scan("in_transit", 2 + each))
        with CaptureQueriesContext(database) as queries:
            told(merchant)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 12


def test_facts_that_are_built_anew_are_those_that_were_announced(db: None) -> None:
    """Else a metric would be said to have been off that was on."""
    merchant = make_merchant(*(pack.key for pack in catalog.packs()))
    order(merchant, is_paid=True)
    ship(merchant)
    track(merchant, scan("in_transit", 2, estimate=(AT + DAY).date()), scan("failure", 4))
    track(merchant, scan("in_transit", 5, estimate=(AT + 3 * DAY).date()))
    stalled.sweep(at=AT + 20 * DAY)
    track(merchant, scan("delivered", 500))
    dossier = Dossier.of(Order.objects.select_related("merchant", "customer").get())
    built = {
        (metric.key, metric.draft(fact).unique_id)
        for fact in facts_of(dossier, list(Scan.objects.all()), list(Issue.objects.all()))
        for metric in catalog.built_from(fact)
    }

    recorded = set(Event.objects.values_list("metric", "unique_id"))
    assert {"stalled_in_transit", "delayed"} <= {
        unique_id.split(":")[2] for _, unique_id in recorded if "track" in unique_id
    }
    assert built == recorded


def test_an_event_that_came_late_says_so(merchant: Merchant) -> None:
    order(merchant)
    Event.objects.update(recorded_at=AT + timedelta(hours=2, minutes=5))

    assert said(merchant, "Recorded: Tidings: ShopifyOrderCreated") == "We learnt of it 2 hours 5 minutes later."


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=20), "a moment"),
        (timedelta(minutes=52), "52 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=26, minutes=1), "26 hours 1 minute"),
        (timedelta(days=3, hours=5), "3 days"),
    ],
)
def test_spans_are_said_as_people_say_them(span: timedelta, words: str) -> None:
    assert timeline.in_words(span) == words


def test_a_run_of_scans_that_say_nothing_is_one_line_with_its_count(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant)
    track(merchant, scan("in_transit", 2))
    track(merchant, *(scan("unknown", 3 + hours) for hours in range(6)))

    (run,) = [each for each in fold(told(merchant)) if each.first.title == "Scan of 1ZA: unknown"]
    assert (len(run.entries), run.first.at, run.until) == (6, AT + 3 * HOUR, AT + 8 * HOUR)


def test_events_of_one_happening_are_one_line_and_told_apart_by_their_items(db: None) -> None:
    merchant = make_merchant("returns_and_tracking")
    order(merchant)

    (items,) = [each for each in fold(told(merchant)) if each.first.title == "Recorded: Order Tracking Update Item"]
    assert items.until is None
    assert items.abouts == ["order_created, Wool jumper", "order_created, Socks"]


def test_what_happens_again_later_is_a_line_of_its_own(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant)
    track(merchant, scan("in_transit", 2), scan("out_for_delivery", 30))

    moved = [each for each in fold(told(merchant)) if each.first.title == "Recorded: Tidings: ShipmentUpdateReceived"]
    assert [each.abouts for each in moved] == [["in_transit, 1ZA"], ["out_for_delivery, 1ZA"]]
