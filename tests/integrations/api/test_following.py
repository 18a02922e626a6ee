"""Following the history: no event is missed or told twice, whenever its transaction ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from integrations import feed
from integrations.api import slots
from integrations.models import Customer, Merchant
from tests.support import rest as world
from tests.support.rest import AT, Rest


@pytest.fixture
def merchant(transactional_db: None) -> Merchant:
    return world.merchant()


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


def numbers(page: dict[str, Any]) -> list[int]:
    return [item["properties"]["Number"] for item in page["items"]]


def test_who_follows_gets_each_event_once_in_the_order_of_recording(merchant: Merchant, api: Rest) -> None:
    world.events(merchant, [AT, AT.replace(year=2020), AT.replace(year=2024)])
    pages = [api.get("events", after="start", limit=2).json()]
    for _ in range(3):
        pages.append(api.get("events", after=pages[-1]["next"], limit=2).json())
        world.events(merchant, [AT])

    assert [numbers(page) for page in pages] == [[0, 1], [2], [3], [4]]


def test_who_begins_now_gets_what_is_recorded_from_now_on_and_by_its_filters_only(
    merchant: Merchant, api: Rest
) -> None:
    ada = Customer.objects.create(merchant=merchant, email="ada@example.com")
    world.events(merchant, [AT], customer=ada)
    begun = api.get("events", after="now", email="ada@example.com").json()
    world.events(merchant, [AT])
    world.events(merchant, [AT], customer=ada)

    page = api.get("events", after=begun["next"], email="ada@example.com").json()

    assert (begun["items"], numbers(page)) == ([], [2])
    assert api.get("events", after=begun["next"]).json()["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    "query", [{"after": "start", "state": "sent"}, {"after": "start", "order": "asc"}, {"wait": 3}, {"after": "x"}]
)
def test_what_does_not_go_together_is_refused(api: Rest, query: dict[str, Any]) -> None:
    assert api.get("events", **query).status_code == 400


@contextmanager
def writer(begin: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """A transaction of another connection, in which `begin` was done; it commits when the function given is called."""
    begun, may_end = threading.Event(), threading.Event()

    def run() -> None:
        try:
            with transaction.atomic():
                begin()
                begun.set()
                may_end.wait(20)
        finally:
            connection.close()

    def end() -> None:
        may_end.set()
        thread.join()

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait(20)
    try:
        yield end
    finally:
        end()


def record(merchant: Merchant) -> None:
    """As history does it: first the mark, then the events."""
    with transaction.atomic():
        feed.leave_mark()
        world.events(merchant, [AT], unique_id=f"{time.monotonic_ns()}")


@pytest.mark.postgres
def test_an_event_whose_transaction_ends_late_is_not_missed(merchant: Merchant, api: Rest) -> None:
    record(merchant)
    first = api.get("events", after="start").json()
    with writer(lambda: record(merchant)) as end:
        record(merchant)
        record(merchant)
        meanwhile = api.get("events", after=first["next"]).json()
        end()
    record(merchant)
    later = api.get("events", after=meanwhile["next"]).json()

    assert [len(page["items"]) for page in (first, meanwhile)] == [1, 0]
    assert len(later["items"]) == 4
    assert [int(each["id"]) for each in later["items"]] == sorted(int(each["id"]) for each in later["items"])


@pytest.mark.postgres
def test_writers_that_are_rolled_back_and_other_work_hold_nobody_up(merchant: Merchant, api: Rest) -> None:
    def roll_back_then_work() -> None:
        with transaction.atomic():
            record(merchant)
            transaction.set_rollback(True)
        Customer.objects.create(merchant=merchant, email="busy@example.com")

    with writer(roll_back_then_work):
        record(merchant)
        assert len(api.get("events", after="start").json()["items"]) == 1


@pytest.mark.postgres
def test_nobody_is_missed_by_a_follower_of_many_writers(merchant: Merchant, api: Rest) -> None:
    """Eight writers whose transactions overlap in any way, and one follower that never looks back."""

    def write() -> None:
        try:
            for _ in range(15):
                record(merchant)
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(8)]
    found: list[str] = []
    cursor = "start"
    for each in writers:
        each.start()
    while True:
        is_last = not any(each.is_alive() for each in writers)
        page = api.get("events", after=cursor, fields="id").json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if is_last and not page["items"]:
            break

    assert (len(found), len(set(found))) == (120, 120)


def test_who_waits_is_answered_when_something_is_recorded(
    merchant: Merchant, api: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = api.get("events", after="now").json()["next"]
    looked = threading.Event()

    def sleep(seconds: float) -> None:
        if not looked.is_set():
            looked.set()
            assert not connection.in_atomic_block
            record(merchant)

    monkeypatch.setattr("integrations.api.following.time.sleep", sleep)
    page = api.get("events", after=cursor, wait=30)

    assert (looked.is_set(), numbers(page.json())) == (True, [0])


def test_one_too_many_to_wait_is_answered_at_once(api: Rest) -> None:
    taken = [slots.Slot() for _ in range(settings.API_LONG_REQUESTS)]
    try:
        began = time.monotonic()
        answer = api.get("events", after="start", wait=30)
        assert (answer.status_code, answer.json()["items"], time.monotonic() - began < 5) == (200, [], True)
        assert answer.headers["Retry-After"] == "5"
    finally:
        for each in taken:
            each.give_back()
