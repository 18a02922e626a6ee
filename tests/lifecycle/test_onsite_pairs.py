"""Of the page's and the log's copy of one happening one is told, whichever comes first, as the merchant chose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.models import Connection, Customer, Delivery, Event, Merchant
from lifecycle.models import LifecycleRules, ToldBy
from lifecycle.services.pairs import PAIRS, SAME_WITHIN, Pair

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ODD = timedelta(seconds=90)
"""How far the log's clock is off."""


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
    """An event and its way."""
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
    )
    return event


def work(connection: Connection, pair: Pair) -> list[str]:
    """One round of the engine: metrics whose copies are accepted now."""
    waiting = Delivery.objects.filter(connection=connection, state="pending").select_related("event")
    rows = {each.told.metric: each for each in waiting}
    withheld = set()
    for metric, look in ((pair.onsite, pair.told_by_log), (pair.log, pair.told_onsite)):
        if metric in rows and look(connection, {rows[metric].told.unique_id: {}}, AT):
            withheld.add(metric)
    for metric, row in rows.items():
        row.state = "skipped" if metric in withheld else "sent"
        row.save()
    return [metric for metric in rows if metric not in withheld]


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
