"""Counting: nothing is found where all is well, and every kind of contradiction is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db.models import Count, QuerySet
from django.test.utils import CaptureQueriesContext

from integrations.fields import Sealed
from integrations.models import Connection, Delivery, DeliveryAttempt, Event, InboundMessage, Lane, Lease, Merchant
from integrations.reconciliation import Difference, reconcile, report

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

STATES: dict[str, dict[str, object]] = {
    "held": {"reason": "no_identity", "identifier": ""},
    "pending": {},
    "sending": {"claim": 3, "attempts": 1},
    "sent": {"attempts": 1},
    "dead": {"reason": "rejected", "attempts": 1},
    "expired": {"reason": "uncertain", "attempts": 2},
    "skipped": {"reason": "before_window"},
}
"""One delivery in each state, as the engine leaves it."""


def merchant_with_one_of_each(name: str = "Alba") -> Merchant:
    """A merchant with a delivery in each state, two accepted in one bulk request, and a message in each state."""
    merchant = Merchant.objects.create(name=name)
    connection = Connection.objects.create(
        merchant=merchant, secret=Sealed.of("pk_sandbox_x"), launch_at=AT - HOUR, state_since=AT - HOUR
    )
    Lane.objects.create(merchant=merchant, connection=connection)
    Lease.objects.create(key=f"lane:{connection.pk}", epoch=3, until=datetime(2100, 1, 1, tzinfo=UTC))
    for state in STATES:
        kept = delivery(connection, state)
        if state == "sent":
            request(connection, delivery=kept)
    bulk = request(connection, is_bulk=True, events=2)
    for number in range(2):
        delivery(connection, "sent", number=number, bulk_attempt=bulk)
    request(connection, is_bulk=True, events=2, outcome="unavailable")
    request(connection, is_bulk=True, events=2)  # its worker had lost the lane when the answer came
    for message_state in InboundMessage.State.values:
        message(merchant, message_state)
    return merchant


def delivery(connection: Connection, state: str, *, number: int = 9, **more: object) -> Delivery:
    """A delivery that is complete in its state."""
    event = Event.objects.create(
        merchant=connection.merchant,
        metric="order_shipped",
        metric_name="Order shipped",
        unique_id=f"{state}:{number}",
        subject="order:1",
        occurred_at=AT,
        recorded_at=AT,
    )
    given = {"identifier": "ann@shopper.example", **STATES[state], **more}
    return Delivery.objects.create(
        merchant=connection.merchant,
        event=event,
        connection=connection,
        state=state,
        not_before=AT,
        window_at=AT,
        created_at=AT,
        first_attempt_at=AT if "attempts" in given else None,
        settled_at=AT if state in ("sent", "dead", "expired", "skipped") else None,
        **given,
    )


def request(connection: Connection, *, outcome: str = "accepted", **more: object) -> DeliveryAttempt:
    """A request on record."""
    return DeliveryAttempt.objects.create(
        merchant=connection.merchant,
        connection=connection,
        started_at=AT,
        duration_ms=5,
        status=202,
        outcome=outcome,
        **more,
    )


def message(merchant: Merchant, state: str) -> None:
    """A message that is complete in its state."""
    InboundMessage.objects.create(
        merchant=merchant,
        source="shopify",
        topic="orders/create",
        key=state,
        body=b"{}",
        received_at=AT,
        state=state,
        handled_at=None if state == "received" else AT,
        waits_for="order:1" if state == "waiting" else "",
    )


@pytest.fixture
def merchant(db: None) -> Merchant:
    """See `merchant_with_one_of_each`."""
    return merchant_with_one_of_each()


def of(state: str) -> QuerySet[Delivery]:
    """The deliveries in that state."""
    found: QuerySet[Delivery] = Delivery.objects.filter(state=state)
    return found


def drop_bulk_deliveries() -> None:
    """One of two deliveries of a bulk request forgets it, and has a request of its own."""
    one = Delivery.objects.exclude(bulk_attempt=None)[0]
    Delivery.objects.filter(pk=one.pk).update(bulk_attempt=None)
    request(one.connection, delivery=one)


def messages(state: str) -> QuerySet[InboundMessage]:
    """The message in that state."""
    found: QuerySet[InboundMessage] = InboundMessage.objects.filter(state=state)
    return found


CONTRADICTIONS: list[tuple[str, int, Callable[[], object]]] = [
    ("events without a delivery", 1, lambda: of("pending").delete()),
    ("deliveries in no known state", 1, lambda: of("pending").update(state="lost")),
    ("deliveries whose reason is none of their state's", 1, lambda: of("dead").update(reason="")),
    ("deliveries whose reason is none of their state's", 1, lambda: of("held").update(reason="")),
    ("deliveries whose reason is none of their state's", 1, lambda: of("pending").update(reason="rejected")),
    ("deliveries that ended at no instant", 3, lambda: of("sent").update(settled_at=None)),
    ("deliveries that ended at no instant", 1, lambda: of("skipped").update(settled_at=None)),
    ("open deliveries with the instant of an end", 1, lambda: of("pending").update(settled_at=AT)),
    ("accepted deliveries without an attempt", 3, lambda: of("sent").update(attempts=0)),
    ("tried deliveries without the instant of the first attempt", 1, lambda: of("dead").update(first_attempt_at=None)),
    ("deliveries held for an identity that they have", 1, lambda: of("held").update(identifier="ann@shopper.example")),
    ("deliveries held for a launch that is over", 1, lambda: of("held").update(reason="before_launch")),
    ("accepted deliveries without a request", 1, lambda: DeliveryAttempt.objects.exclude(delivery=None).delete()),
    ("deliveries in flight under a claim that was never given", 1, lambda: of("sending").update(claim=4)),
    ("deliveries in flight that no worker holds", 1, lambda: Lease.objects.update(until=AT - 20000 * HOUR)),
    ("bulk requests whose number of events is not what refers to them", 1, drop_bulk_deliveries),
    (
        "bulk requests whose number of events is not what refers to them",
        1,
        lambda: DeliveryAttempt.objects.annotate(n=Count("bulk_deliveries")).filter(n=2).update(outcome="x", events=1),
    ),
    (
        "requests that do not say what they carried",
        1,
        lambda: DeliveryAttempt.objects.exclude(delivery=None).update(events=2),
    ),
    ("requests that do not say what they carried", 3, lambda: DeliveryAttempt.objects.update(is_bulk=False)),
    ("messages in no known state", 1, lambda: messages("handled").update(state="lost")),
    ("messages that were handled at no instant", 1, lambda: messages("failed").update(handled_at=None)),
    ("messages that wait for nothing", 1, lambda: messages("waiting").update(waits_for="")),
    ("messages that do not wait, but for something", 1, lambda: messages("handled").update(waits_for="order:1")),
]


def test_nothing_is_found_where_all_is_well(merchant: Merchant) -> None:
    result = reconcile(at=AT)

    assert result.differences == []
    (events,), (stored,) = result.events, result.messages
    assert (events.merchant, events.kind, events.total) == (merchant.public_id, "order_shipped", 9)
    assert events.states == {**dict.fromkeys(STATES, 1), "sent": 3}
    assert (stored.kind, stored.total, sum(stored.states.values())) == ("shopify", 4, 4)


@pytest.mark.parametrize(("what", "count", "contradict"), CONTRADICTIONS)
def test_each_contradiction_is_named(
    merchant: Merchant, what: str, count: int, contradict: Callable[[], object]
) -> None:
    contradict()

    found = {each.what: each for each in reconcile(at=AT).differences}

    kind = "" if "requests" in what else "shopify" if "messages" in what else "order_shipped"
    assert found[what] == Difference(merchant.public_id, kind, what, count)


@pytest.mark.parametrize(
    "stop",
    [
        lambda: Connection.objects.update(state="paused_auth"),
        lambda: Connection.objects.update(state_since=AT - MINUTE),
        lambda: Merchant.objects.update(state="paused"),
        lambda: Lane.objects.update(blocked_until=AT + HOUR),
    ],
    ids=["connection paused", "connection resumed just now", "merchant paused", "lane blocked"],
)
def test_what_was_in_flight_may_wait_for_a_lane_that_stands(merchant: Merchant, stop: Callable[[], object]) -> None:
    Lease.objects.update(until=AT - 20000 * HOUR)
    stop()

    assert reconcile(at=AT).differences == []


def test_one_merchant_is_counted_alone_and_more_merchants_cost_no_more(merchant: Merchant) -> None:
    def statements() -> int:
        with CaptureQueriesContext(database) as queries:
            reconcile(at=AT)
        return len(queries)

    alone = statements()
    other = merchant_with_one_of_each("Bora")
    Delivery.objects.for_merchant(other).filter(state="pending").delete()

    assert (alone, statements()) == (9, 9)
    assert reconcile(at=AT, merchant=merchant).differences == []
    assert [each.merchant for each in reconcile(at=AT, merchant=other).differences] == [other.public_id]


def test_command_prints_the_figures_and_fails_on_a_difference(merchant: Merchant) -> None:
    out = StringIO()
    call_command("reconcile", stdout=out)
    assert "order_shipped" in out.getvalue()
    of("pending").delete()

    with pytest.raises(CommandError, match="1 kind of difference, 1 rows"):
        call_command("reconcile", stdout=out)

    assert "events without a delivery" in out.getvalue()


def test_command_prints_json_for_scripts(merchant: Merchant) -> None:
    out = StringIO()
    of("pending").delete()

    with pytest.raises(CommandError):
        call_command("reconcile", "--json", "--merchant", merchant.public_id, stdout=out)

    printed = json.loads(out.getvalue())
    assert printed["differences"] == [
        {"merchant": merchant.public_id, "kind": "order_shipped", "what": "events without a delivery", "count": 1}
    ]
    assert printed["events"][0]["states"]["sent"] == 3


def test_every_night_each_difference_is_logged_as_an_error(
    merchant: Merchant, caplog: pytest.LogCaptureFixture
) -> None:
    report(at=AT)
    assert caplog.records == []
    of("pending").delete()

    report(at=AT)

    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "events without a delivery" in record.getMessage()
