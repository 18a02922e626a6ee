"""What two workers, or a worker and a merge, do to the same subscribers at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from integrations import customers, merging
from integrations.audit import Actor
from integrations.models import Customer, Event, Merchant
from integrations.people import PersonInput
from lifecycle import kinds, reading, services
from lifecycle.inputs import PlanInput
from lifecycle.models import Activity, Plan, StatusList
from lifecycle.services import lists, parsing, syncs
from tests.support import rest
from tests.support.log_feed import made
from tests.support.waiting import wait_until_a_lock_is_waited_for

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def merchant() -> Merchant:
    made = rest.merchant()
    made.connections.update(enabled_metrics=list(kinds.METRICS.values()), launch_at=AT - timedelta(days=900))
    return made


def at_once(*deeds: Callable[[], object]) -> None:
    """Do each in a thread of its own; what one raises is raised here."""

    def run(deed: Callable[[], object]) -> None:
        try:
            deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        for done in [pool.submit(run, each) for each in deeds]:
            done.result(timeout=60)


def test_a_sync_does_not_end_while_a_merge_or_an_erasure_has_entries_of_it_in_hands(merchant: Merchant) -> None:
    services.record(merchant=merchant, entries=[reading.entry(made(0), at=AT)], at=AT)
    Activity.objects.update(parsed_at=AT, note="its metric is turned off")
    sync = syncs.begin(merchant=merchant, since=None, pace=600_000, by=Actor(label="a test"), at=AT)
    is_held, is_tried = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(Activity.objects.select_for_update())
            is_held.set()
            assert is_tried.wait(30)

    def parse() -> None:
        assert is_held.wait(30)
        try:
            assert syncs.parse_on(sync, at=AT + MINUTE) == 0
        finally:
            is_tried.set()

    at_once(hold, parse)
    syncs.parse_on(sync, at=AT + 2 * MINUTE)

    assert list(Event.objects.values_list("unique_id", flat=True)) == ["log:e0"]


def shopper(merchant: Merchant, name: str) -> Customer:
    found = customers.resolve(merchant, PersonInput(email=f"{name}@shopper.example"), at=AT)
    assert found is not None
    return found


def tell(merchant: Merchant, *people: Customer, at: datetime = AT, **said: Any) -> None:
    plans = [(each, PlanInput(at, **said)) for each in people]
    services.tell_plans(merchant=merchant, plans=plans, at=AT)


def merge(merchant: Merchant, given_up: Customer, kept: Customer) -> None:
    merging.merge_customers(merchant=merchant, given_up=given_up, kept=kept, merged_at=AT, at=AT)


@pytest.mark.parametrize("deed", ["merged", "put on a list"])
def test_whoever_locks_plans_does_so_in_one_order(merchant: Merchant, deed: str) -> None:
    ann, bob = shopper(merchant, "ann"), shopper(merchant, "bob")
    tell(merchant, bob, status="Active")
    tell(merchant, ann, status="Active")
    Plan.objects.filter(customer=bob).update(told_at=AT + MINUTE)
    StatusList.objects.create(merchant=merchant, status="Active", list_id="Y6nRLr")
    is_held, is_first = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(Plan.objects.filter(customer=ann).select_for_update())
            is_held.set()
            wait_until_a_lock_is_waited_for("the plans that are told")
            is_first.set()
            wait_until_a_lock_is_waited_for("both", by=2)

    def tell_of_both() -> None:
        assert is_held.wait(30)
        tell(merchant, ann, bob, at=AT + 2 * MINUTE, schedule="Weekly")

    def do() -> None:
        assert is_first.wait(30)
        if deed == "merged":
            merge(merchant, ann, bob)
        else:
            lists.fill(at=AT, seconds=30)

    at_once(hold, tell_of_both, do)

    assert set(Plan.objects.values_list("status", "schedule")) == {("Active", "Weekly")}


def test_what_is_told_of_somebody_who_is_just_being_merged_is_told_of_who_is_kept(merchant: Merchant) -> None:
    ann, bob = shopper(merchant, "ann"), shopper(merchant, "bob")
    tell(merchant, ann, status="Active")
    is_merged = threading.Event()

    def merge_slowly() -> None:
        with transaction.atomic():
            merge(merchant, ann, bob)
            is_merged.set()
            wait_until_a_lock_is_waited_for("the plan of Ann")

    def tell_of_ann() -> None:
        assert is_merged.wait(30)
        tell(merchant, ann, status="Dead")

    at_once(merge_slowly, tell_of_ann)

    assert list(Plan.objects.values_list("customer", "status")) == [(bob.pk, "Dead")]


def test_an_entry_that_was_recorded_while_its_shopper_was_merged_is_told_of_who_is_kept(merchant: Merchant) -> None:
    ann, bob = shopper(merchant, "ann"), shopper(merchant, "bob")
    merge(merchant, ann, bob)
    services.record(merchant=merchant, entries=[reading.entry(made(0), at=AT)], at=AT)
    Activity.objects.update(customer=ann)

    parsing.parse(merchant=merchant, is_history=False, at=AT)

    assert Event.objects.get().customer == Activity.objects.get().customer == bob
