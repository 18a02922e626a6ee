"""The way to going live: each point is settled by what settles it, and the list goes when a live event was accepted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations import checklist, connections, models
from integrations.checklist import Checklist, Point
from integrations.destinations.base import Account
from integrations.models import Connection, Delivery, InboundMessage, Membership, Merchant, SourceSecret
from tests.integrations.web.test_events import AT, record

DAY = timedelta(days=1)


@pytest.fixture
def merchant(db: None) -> Merchant:
    return Merchant.objects.create(name="Alba", timezone="America/New_York")


@pytest.fixture
def connection(merchant: Merchant) -> Connection:
    """Two days before its launch, with a source that is connected."""
    SourceSecret.objects.create(merchant=merchant, source="shopify", connected_at=AT)
    return Connection.objects.create(
        merchant=merchant, enabled_metrics=["order_shipped"], launch_at=AT + 2 * DAY, backfill_days=7
    )


def point(merchant: Merchant, text: str, at: Any = AT) -> Point:
    """The only point with that text."""
    (found,) = [each for each in checklist.of(merchant, at=at).points if each.text == text]
    return found


def hear(merchant: Merchant) -> None:
    InboundMessage.objects.create(merchant=merchant, source="shopify", topic="x", key="1", body=b"", received_at=AT)


def try_out(merchant: Merchant, status: int) -> None:
    models.TestEvent.objects.create(merchant=merchant, email="a@b.example", sent_at=AT, status=status)


SETTLED: list[tuple[str, Callable[[Merchant], Any], Callable[[Merchant], Any]]] = [
    (
        "The key works",
        lambda m: Connection.objects.update(state="paused_auth"),
        lambda m: Connection.objects.update(state="active"),
    ),
    (
        "The key has every scope",
        lambda m: Connection.objects.update(missing_scopes=["lists:write"]),
        lambda m: Connection.objects.update(missing_scopes=[]),
    ),
    (
        "Metrics are on",
        lambda m: Connection.objects.update(enabled_metrics=[]),
        lambda m: Connection.objects.update(enabled_metrics=["order_shipped"]),
    ),
    (
        "No other integration sends a metric of the same name",
        lambda m: Connection.objects.update(foreign_metrics={"Order Shipped": "ShipBob"}),
        lambda m: Connection.objects.update(enabled_metrics=["order_delivered"]),
    ),
    (
        "A source is connected",
        lambda m: SourceSecret.objects.update(disconnected_at=AT),
        lambda m: SourceSecret.objects.update(disconnected_at=None),
    ),
    ("Shopify was heard from", lambda m: hear(Merchant.objects.create(name="Birch")), hear),
    (
        "Somebody of the merchant's can sign in",
        lambda m: None,
        lambda m: Membership.objects.create(merchant=m, user=User.objects.create_user("olga"), role="viewer"),
    ),
    ("Klaviyo accepted a test event", lambda m: try_out(m, 400), lambda m: try_out(m, 202)),
    (
        "The launch date has come",
        lambda m: None,
        lambda m: Connection.objects.update(launch_at=AT),
    ),
    (
        "What happened before it is sent as history",
        lambda m: None,
        lambda m: Connection.objects.update(launched_at=AT),
    ),
]


@pytest.mark.parametrize(("text", "spoil", "settle"), SETTLED, ids=[each[0] for each in SETTLED])
def test_a_point_is_open_until_it_is_settled_and_says_where(
    merchant: Merchant, connection: Connection, text: str, spoil: Any, settle: Any
) -> None:
    spoil(merchant)
    before = point(merchant, text)
    assert not before.is_done
    assert reverse(before.page, args=[merchant.public_id])

    settle(merchant)
    assert point(merchant, text).is_done


def test_details_say_how_it_stands(merchant: Merchant, connection: Connection) -> None:
    Connection.objects.update(foreign_metrics={"Order shipped": "ShipBob"}, missing_scopes=["lists:write"])

    assert point(merchant, "The key has every scope").detail == "It lacks lists:write."
    clash = point(merchant, "No other integration sends a metric of the same name")
    assert clash.detail == "Klaviyo has already Order shipped (ShipBob)."
    assert point(merchant, "The launch date has come").detail == "2026-11-22 05:00"


def test_what_waits_for_the_launch_is_counted(merchant: Merchant, connection: Connection) -> None:
    waits = {"state": "held", "reason": "before_launch"}
    rows: list[dict[str, Any]] = [waits | {"is_backfill": True}] * 3
    rows += [waits, {"state": "held", "reason": "no_identity", "is_backfill": True}]
    rows += [{"state": "skipped", "reason": "before_window"}] * 2
    rows += [{"state": "skipped", "reason": "metric_off"}]
    for number, values in enumerate(rows):
        event = record(merchant, connection, number)
        Delivery.objects.filter(event=event).update(**values)

    found = point(merchant, "What happened before it is sent as history").detail
    assert found == "Events that wait for it: 3. From before 2026-11-15 05:00, so they are not sent: 2."


def test_a_check_of_the_account_is_remembered(merchant: Merchant, connection: Connection) -> None:
    account = Account("A1", "Alba", "Pub", "UTC", "USD", foreign_metrics={"order SHIPPED": "ShipBob"})
    connections.note_account(connection, account, at=AT)

    found = Connection.objects.select_related("merchant").get()
    assert connections.name_clashes(found) == {"order SHIPPED": "ShipBob"}


def test_it_is_over_when_klaviyo_has_a_live_event(merchant: Merchant, connection: Connection) -> None:
    later = AT + 3 * DAY
    event = record(merchant, connection, 1)
    Delivery.objects.filter(event=event).update(state="sent", is_backfill=True)
    assert not checklist.of(merchant, at=later).is_live
    Delivery.objects.filter(event=event).update(is_backfill=False)

    assert checklist.of(merchant, at=later) == Checklist([], is_live=True)
    assert not checklist.of(merchant, at=AT).is_live


def test_without_an_account_only_a_csm_can_go_on(merchant: Merchant) -> None:
    (found,) = checklist.of(merchant, at=AT).points

    assert (found.is_done, found.page) == (False, "")


def test_it_costs_the_same_however_much_there_is(merchant: Merchant, connection: Connection) -> None:
    counts = []
    for count in (1, 20):
        for number in range(count):
            record(merchant, connection, count * 100 + number)
        hear(Merchant.objects.create(name=f"Shop {count}"))
        with CaptureQueriesContext(database) as queries:
            checklist.of(merchant, at=AT)
        counts.append(len(queries))

    assert counts == [8, 8]
