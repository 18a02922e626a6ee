"""Of the page's and the log's copy of one happening one is told, whichever comes first, as the merchant chose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import connection as database
from django.db.models.functions import Coalesce
from django.test.utils import CaptureQueriesContext

from integrations.models import Connection, Customer, Delivery, Event, Merchant
from lifecycle.models import LifecycleRules, ToldBy
from lifecycle.services.pairs import PAIRS, SAME_WITHIN, Pair

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ODD = timedelta(seconds=90)
"""How far the log's clock is off."""

NOW = AT + timedelta(hours=2)
"""When what is due is claimed."""


@pytest.fixture(params=PAIRS, ids=lambda pair: pair.rule)
def pair(request: pytest.FixtureRequest) -> Pair:
    found: Pair = request.param
    return found


@pytest.fixture
def connection(pair: Pair) -> Connection:
    merchant = Merchant.objects.create(name="Alba")
    metrics = [pair.onsite, pair.log]
    return Connection.objects.create(merchant=merchant, enabled_metrics=metrics, launch_at=AT)


def shopper(connection: Connection, name: str = "ann") -> Customer:
    found, _ = Customer.objects.get_or_create(merchant=connection.merchant, email=f"{name}@shopper.example")
    return found


def record(connection: Connection, metric: str, at: datetime, customer: Customer, state: str = "pending") -> Event:
    """An event and its way. What is being sent was claimed a minute ago."""
    event = Event.objects.create(
        merchant=connection.merchant,
        metric=metric,
        metric_name=metric,
        customer=customer,
        unique_id=f"{metric}:{customer.pk}:{at.timestamp()}",
        subject="subscriber:1",
        occurred_at=at,
        recorded_at=at,
    )
    Delivery.objects.create(
        merchant=connection.merchant,
        event=event,
        connection=connection,
        state=state,
        not_before=at,
        window_at=at,
        created_at=at,
        first_attempt_at=NOW - timedelta(minutes=1) if state == "sending" else None,
    )
    return event


def work(connection: Connection, pair: Pair, *, at: datetime = NOW, is_down: bool = False) -> list[str]:
    """One round of the engine: all that is due is claimed, looked at, and accepted; returns the metrics of what was accepted.

    `is_down`: Klaviyo answers with a 500, so that it is tried again in the next round.
    """
    mine = Delivery.objects.filter(connection=connection)
    mine.filter(state="pending").update(state="sending", first_attempt_at=Coalesce("first_attempt_at", at))
    due = list(mine.filter(state="sending").select_related("event"))
    withheld: set[str] = set()
    for metric, look in ((pair.onsite, pair.told_by_log), (pair.log, pair.told_onsite)):
        ids: dict[str, Any] = {each.told.unique_id: {} for each in due if each.told.metric == metric}
        withheld |= set(look(connection, ids, at)) if ids else set()
    told = []
    for row in due:
        if row.told.unique_id in withheld:
            row.state, row.first_attempt_at = "skipped", None
        elif is_down:
            row.state = "pending"
        else:
            row.state = "sent"
            told.append(row.told.metric)
        row.save()
    return told


@pytest.mark.parametrize("told_by", [None, *ToldBy])
@pytest.mark.parametrize("order", [*permutations(("onsite", "log")), ("together",)])
def test_of_two_copies_one_is_told(
    connection: Connection, pair: Pair, told_by: ToldBy | None, order: tuple[str, ...]
) -> None:
    if told_by:
        LifecycleRules.objects.create(merchant=connection.merchant, **{pair.rule: told_by})
    ann, told = shopper(connection), []
    for each in order:
        if each in ("onsite", "together"):
            record(connection, pair.onsite, AT, ann)
        if each in ("log", "together"):
            record(connection, pair.log, AT + ODD, ann)
        told += work(connection, pair)

    if told_by in (None, ToldBy.ONSITE):
        assert told == [pair.log if order[0] == "log" else pair.onsite]
    else:
        expected = {ToldBy.LOG: [pair.log], ToldBy.SCRIPT: [], ToldBy.BOTH: sorted([pair.onsite, pair.log])}
        assert sorted(told) == expected[told_by]


@pytest.mark.parametrize("order", [*permutations(("onsite 1", "log 1", "onsite 2", "log 2"))])
def test_of_two_happenings_in_one_hour_each_is_told(connection: Connection, pair: Pair, order: tuple[str, ...]) -> None:
    ann, told = shopper(connection), []
    for each in order:
        metric, number = each.split()
        at = AT + (int(number) - 1) * SAME_WITHIN / 2
        record(connection, getattr(pair, metric), at + ODD if metric == "log" else at, ann)
        told += work(connection, pair)

    assert told in ([pair.onsite] * 2, [pair.log] * 2)


@pytest.mark.parametrize("order", [*permutations(("onsite", "log")), ("together",)])
def test_of_two_copies_one_is_told_by_a_klaviyo_that_was_down(
    connection: Connection, pair: Pair, order: tuple[str, ...]
) -> None:
    """Each is tried in the turn in which it comes, when nothing is accepted: the one before it may have arrived all the same."""
    ann = shopper(connection)
    for turn, each in enumerate(order):
        if each in ("onsite", "together"):
            record(connection, pair.onsite, AT, ann)
        if each in ("log", "together"):
            record(connection, pair.log, AT + ODD, ann)
        work(connection, pair, at=NOW + turn * ODD, is_down=True)

    told = work(connection, pair, at=NOW + len(order) * ODD)

    assert told == [pair.log if order[0] == "log" else pair.onsite]


def test_a_pages_that_comes_while_the_logs_is_on_its_way_is_withheld(connection: Connection, pair: Pair) -> None:
    ann = shopper(connection)
    record(connection, pair.log, AT + ODD, ann, "sending")
    mine = record(connection, pair.onsite, AT, ann)
    Delivery.objects.filter(event=mine).update(state="sending", first_attempt_at=NOW)

    assert list(pair.told_by_log(connection, {mine.unique_id: {}}, NOW)) == [mine.unique_id]


@pytest.mark.parametrize("state", ["skipped", "dead"])
def test_a_pages_that_is_not_sent_stands_for_nothing(connection: Connection, pair: Pair, state: str) -> None:
    """It was before the launch window, or Klaviyo refused it."""
    ann = shopper(connection)
    record(connection, pair.onsite, AT, ann, state)
    mine = record(connection, pair.log, AT + ODD, ann)

    assert list(pair.told_onsite(connection, {mine.unique_id: {}}, NOW)) == []


def test_a_copy_of_somebody_else_or_of_another_hour_is_none(connection: Connection, pair: Pair) -> None:
    ann, bob = shopper(connection), shopper(connection, "bob")
    record(connection, pair.onsite, AT, bob)
    record(connection, pair.onsite, AT - SAME_WITHIN - ODD, ann)
    mine = record(connection, pair.log, AT, ann)

    assert list(pair.told_onsite(connection, {mine.unique_id: {}}, AT)) == []


def test_another_merchants_copies_are_none(connection: Connection, pair: Pair) -> None:
    mine = record(connection, pair.log, AT, shopper(connection))
    other = Connection.objects.create(
        merchant=Merchant.objects.create(name="Bora"), enabled_metrics=connection.enabled_metrics, launch_at=AT
    )
    record(other, pair.onsite, AT, shopper(other))

    assert list(pair.told_onsite(connection, {mine.unique_id: {}}, AT)) == []


def test_what_is_never_sent_stands_for_nothing(connection: Connection, pair: Pair) -> None:
    """The page's metric is off: the log's is told, whatever the rule."""
    ann = shopper(connection)
    record(connection, pair.onsite, AT, ann)
    mine = record(connection, pair.log, AT, ann)
    connection.enabled_metrics = [pair.log]

    assert list(pair.told_onsite(connection, {mine.unique_id: {}}, AT)) == []


def test_a_pages_copy_that_is_not_sent_withholds_none(connection: Connection, pair: Pair) -> None:
    """The page told nothing of the first happening. Its copy of the second is taken for that of the first, which the log told."""
    ann, told = shopper(connection), []
    for metric, minutes in ((pair.log, 0), (pair.onsite, 30), (pair.log, 31)):
        record(connection, metric, AT + timedelta(minutes=minutes), ann)
        told += work(connection, pair)

    assert told == [pair.log, pair.log]


def test_any_number_costs_three_statements(connection: Connection, pair: Pair) -> None:
    people = [shopper(connection, f"shopper{number}") for number in range(20)]
    for each in people[:10]:
        record(connection, pair.onsite, AT, each)
    mine = [record(connection, pair.log, AT, each).unique_id for each in people]

    with CaptureQueriesContext(database) as asked:
        found = pair.told_onsite(connection, {key: {} for key in mine}, AT)

    assert sorted(found) == sorted(mine[:10])
    assert len(asked) == 3
