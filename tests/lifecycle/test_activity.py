"""The activity log: kept once, parsed into events once, and told with what customers have now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import custom_metrics, customers, erasure, merging
from integrations.audit import Actor
from integrations.models import Customer, Delivery, Event, Merchant
from integrations.people import PersonInput
from lifecycle import kinds, log, services, standing
from lifecycle.inputs import EntryInput, PlanInput
from lifecycle.models import Activity, Plan
from lifecycle.services import parsing
from tests.support import rest

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = PersonInput(email="ann@shopper.example", external_id="4711")


@pytest.fixture
def merchant() -> Merchant:
    made = rest.merchant()
    made.connections.update(enabled_metrics=list(kinds.METRICS.values()))
    return made


def entry(number: int, kind: str = "contact.form", **more: Any) -> EntryInput:
    told = {"entry_id": f"e{number}", "kind": kind, "occurred_at": AT + number * HOUR, "customer": ANN, "data": {}}
    return EntryInput(**{**told, **more})


def taken_in(merchant: Merchant, *entries: EntryInput) -> list[Activity]:
    services.record(merchant=merchant, entries=entries, at=AT + 100 * HOUR)
    log.work(seconds=5, merchant=merchant)
    return list(Activity.objects.for_merchant(merchant).order_by("pk"))


def test_each_entry_becomes_one_event_of_its_kind(merchant: Merchant) -> None:
    entries = [entry(number, kind) for number, kind in enumerate(kinds.METRICS)]

    taken_in(merchant, *entries, *entries)
    taken_in(merchant, *entries)

    told = Event.objects.for_merchant(merchant).order_by("occurred_at")
    assert [(row.metric_name, row.unique_id, row.occurred_at) for row in told] == [
        (each.kind, f"log:{each.entry_id}", each.occurred_at) for each in entries
    ]


def test_an_amount_is_the_events_value_in_its_currency(merchant: Merchant) -> None:
    data = {"Amount": "47.95", "FailureReason": "card_declined", "Unheard": "of"}
    taken_in(
        merchant,
        entry(1, "failed.payment", data=data),
        entry(2, "referral.credit", data={"CreditAmount": 10, "Currency": "eur"}),
        entry(3, "contact.form", data={"Amount": "a lot", "Subject": "Hi"}),
    )

    told = {row.unique_id: row for row in Event.objects.for_merchant(merchant)}
    assert (str(told["log:e1"].value), told["log:e1"].value_currency) == ("47.9500", "USD")
    expected = {"LogEntryId": "e1", "Amount": 47.95, "FailureReason": "card_declined"}
    assert told["log:e1"].properties == expected
    assert (str(told["log:e2"].value), told["log:e2"].value_currency) == ("10.0000", "EUR")
    assert told["log:e3"].value is None


def test_what_tells_nothing_is_kept_and_says_why(merchant: Merchant) -> None:
    merchant.connections.update(enabled_metrics=["log_cancelled"])

    rows = taken_in(
        merchant, entry(1, "password.changed"), entry(2, "contact.form"), entry(3, "cancelled", customer=PersonInput())
    )

    assert [(row.state, row.note) for row in rows] == [
        ("untold", parsing.UNWANTED),
        ("untold", parsing.OFF),
        ("untold", parsing.UNKNOWN),
    ]
    assert not Event.objects.exists()


def test_a_custom_metric_is_a_kind_by_its_key_and_by_its_name(merchant: Merchant) -> None:
    said = custom_metrics.Declaration(
        "custom_skipped",
        "Skipped a box",
        "",
        [{"name": "Week", "type": "number", "description": "", "is_required": True}],
    )
    custom_metrics.declare(merchant, said, by=Actor(label="a test"), at=AT)

    rows = taken_in(
        merchant,
        entry(1, "Skipped a box", data={"Week": 47, "Other": 1}),
        entry(2, "custom_skipped", data={"Week": 48}),
        entry(3, "custom_skipped", data={"Week": "soon"}),
    )

    told = Event.objects.for_merchant(merchant).order_by("occurred_at")
    assert [(row.metric, row.unique_id, row.properties) for row in told] == [
        ("custom_skipped", "log:e1", {"Week": 47}),
        ("custom_skipped", "log:e2", {"Week": 48}),
    ]
    assert rows[2].note == "Week must be a number"


def test_the_newest_plan_of_a_batch_holds(merchant: Merchant) -> None:
    plans = [
        PlanInput(AT + hours * HOUR, status=status) for hours, status in ((1, "Active"), (3, "Dead"), (2, "Stopped"))
    ]
    taken_in(merchant, *(entry(number, plan=plan) for number, plan in enumerate(plans)))
    taken_in(merchant, entry(9, plan=PlanInput(AT, status="Trial", box="Small box")))

    plan = Plan.objects.for_merchant(merchant).get()
    assert (plan.status, plan.box, plan.told_at) == ("Dead", "", AT + 3 * HOUR)


def test_a_batch_costs_as_many_statements_as_a_few_entries(merchant: Merchant) -> None:
    def statements(numbers: range) -> int:
        people = [PersonInput(email=f"s{number}@shopper.example") for number in numbers]
        plan = PlanInput(AT, status="Active")
        entries = [entry(n, customer=p, plan=plan) for n, p in zip(numbers, people, strict=True)]
        with CaptureQueriesContext(connection) as captured:
            services.record(merchant=merchant, entries=entries, at=AT)
            parsing.parse(merchant=merchant, is_history=False, at=AT)
        return len(captured)

    statements(range(5))

    assert statements(range(10, 15)) == statements(range(20, 50))


def test_people_in_bulk_are_who_they_are_one_by_one(merchant: Merchant) -> None:
    known = customers.resolve(merchant, ANN, at=AT)
    other = customers.resolve(merchant, PersonInput(email="bo@shopper.example"), at=AT)
    assert known is not None
    assert other is not None
    merging.merge_customers(merchant=merchant, given_up=other, kept=known, merged_at=AT, at=AT)
    gone = PersonInput(email="gone@shopper.example")
    customers.resolve(merchant, gone, at=AT)
    erasure.requested(merchant=merchant, person=gone, by=Actor(label="a test"), at=AT)
    people = [
        ANN,
        PersonInput(email="Bo@shopper.example"),
        PersonInput(external_id="4711"),
        PersonInput(email="new@shopper.example", external_id="7", first_name="Nia"),
        PersonInput(email="new@shopper.example", last_name="Newman"),
        gone,
        PersonInput(phone="+4930901820"),
        PersonInput(),
    ]

    rows = taken_in(merchant, *(entry(n, customer=each, data={"Subject": "x"}) for n, each in enumerate(people)))

    new = Customer.objects.for_merchant(merchant).get(email="new@shopper.example")
    assert [row.customer_id for row in rows[:5]] == [known.pk, known.pk, known.pk, new.pk, new.pk]
    assert (new.first_name, new.last_name) == ("", "Newman")
    assert rows[5].customer is not None
    assert (rows[5].customer.status, rows[5].data, rows[5].note) == ("erased", {}, parsing.ERASED)
    assert rows[6].customer is not None
    assert rows[6].customer.phone == "+4930901820"
    assert rows[7].customer is None


def test_what_is_logged_follows_a_merge_and_is_emptied_by_an_erasure(merchant: Merchant) -> None:
    ann, bo = ANN, PersonInput(email="bo@shopper.example")
    rows = taken_in(merchant, entry(1, customer=ann), entry(2, customer=bo, data={"Subject": "I am Bo"}))
    kept, given_up = rows[0].customer, rows[1].customer
    assert kept is not None
    assert given_up is not None

    merging.merge_customers(merchant=merchant, given_up=given_up, kept=kept, merged_at=AT, at=AT)
    assert {row.customer_id for row in Activity.objects.for_merchant(merchant)} == {kept.pk}

    erasure.requested(merchant=merchant, person=ann, by=Actor(label="a test"), at=AT)
    assert [row.data for row in Activity.objects.for_merchant(merchant)] == [{}, {}]


def test_an_entry_that_named_nobody_is_told_once_it_is_known_whom_it_named(merchant: Merchant) -> None:
    nameless = entry(1, customer=PersonInput(external_id="4711"))
    (row,) = taken_in(merchant, nameless)
    assert (row.customer, row.note) == (None, parsing.UNKNOWN)

    customers.resolve(merchant, ANN, at=AT)
    for _ in range(2):
        (row,) = taken_in(merchant, nameless)

    assert row.note == ""
    assert [each.customer for each in Event.objects.all()] == [row.customer]
    assert row.customer == Customer.objects.get()


def test_whoever_had_no_turn_for_longest_is_first() -> None:
    """A slow feed uses up the time of a tick."""
    merchants, seconds = [rest.merchant(), rest.merchant("Bora")], count()
    for waiting in (merchants[:1], merchants):
        for each in waiting:
            services.record(merchant=each, entries=[entry(len(waiting))], at=AT + 100 * HOUR)
        log.work(seconds=5, clock=lambda: AT + timedelta(days=9, seconds=next(seconds)))

    last = Activity.objects.filter(entry_id="e2").order_by("parsed_at")
    assert [row.merchant for row in last.select_related("merchant")] == merchants[::-1]


@pytest.mark.postgres
def test_what_the_pages_count_has_an_index(merchant: Merchant) -> None:
    taken_in(merchant, entry(1), entry(2, "page.view"))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET enable_seqscan = off")
        with CaptureQueriesContext(connection) as asked:
            standing.of(merchant)
            standing.unsent(merchant)
        plans = []
        for each in asked.captured_queries:
            cursor.execute(f"EXPLAIN {each['sql']}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))

    indexes = ("activity_unparsed", "", "activity_untold", "delivery_due", "delivery_in_flight", "delivery_held")
    assert [index in plan for index, plan in zip(indexes, plans, strict=True)] == [True] * 6, plans


def test_an_old_entry_that_comes_live_is_judged_by_the_launch_window(merchant: Merchant) -> None:
    taken_in(merchant, entry(1, occurred_at=AT - timedelta(days=400)))

    assert Delivery.objects.get().state == Delivery.State.SKIPPED
