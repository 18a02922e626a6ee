"""Housekeeping: second chances, and what is let go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django_q.models import Failure

from integrations import housekeeping
from integrations.models import Connection, Delivery, Event, InboundMessage, Merchant

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
numbers = count(1)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant."""
    return Merchant.objects.create(name="Alba")


def message(merchant: Merchant, age: timedelta, state: str, *, handled: timedelta | None = None) -> InboundMessage:
    """A message that came `age` ago and was last handled `handled` ago."""
    return InboundMessage.objects.create(
        merchant=merchant,
        source="shopify",
        topic="orders/create",
        key=str(next(numbers)),
        body=b'{"email": "ann@shopper.example"}',
        received_at=AT - age,
        state=state,
        handled_at=AT - (age if handled is None else handled),
        waits_for="order:1" if state == "waiting" else "",
    )


@pytest.mark.parametrize(
    ("state", "age", "handled", "after"),
    [
        ("waiting", 11 * MINUTE, 11 * MINUTE, "received"),
        ("waiting", 9 * MINUTE, 9 * MINUTE, "waiting"),
        ("waiting", 5 * DAY, 9 * MINUTE, "waiting"),
        ("waiting", 29 * DAY, DAY, "received"),
        ("waiting", 31 * DAY, DAY, "waiting"),
        ("failed", DAY, DAY, "failed"),
        ("handled", DAY, DAY, "handled"),
    ],
)
def test_what_waits_is_tried_again_for_a_month(
    merchant: Merchant, state: str, age: timedelta, handled: timedelta, after: str
) -> None:
    kept = message(merchant, age, state, handled=handled)

    housekeeping.run(at=AT)

    kept.refresh_from_db()
    assert kept.state == after


@pytest.mark.parametrize(
    ("state", "age", "is_kept"),
    [
        ("handled", 29 * DAY, True),
        ("handled", 31 * DAY, False),
        ("failed", 31 * DAY, True),
        ("received", 31 * DAY, True),
        pytest.param(
            "waiting",
            31 * DAY,
            False,
        ),
    ],
)
def test_bodies_are_kept_for_a_month_or_until_handled(
    merchant: Merchant, state: str, age: timedelta, is_kept: bool
) -> None:
    kept = message(merchant, age, state)

    housekeeping.run(at=AT)

    kept.refresh_from_db()
    assert bool(bytes(kept.body)) == is_kept


def delivery(merchant: Merchant, age: timedelta, **more: Any) -> Delivery:
    """A delivery that was recorded `age` ago."""
    connection, _ = Connection.objects.get_or_create(merchant=merchant)
    event = Event.objects.create(
        merchant=merchant,
        metric="order_shipped",
        metric_name="Order shipped",
        unique_id=str(next(numbers)),
        subject="order:1",
        occurred_at=AT - age,
        recorded_at=AT - age,
    )
    given = {"not_before": AT - age, "window_at": AT - age, "created_at": AT - age}
    return Delivery.objects.create(merchant=merchant, event=event, connection=connection, **{**given, **more})


@pytest.mark.parametrize(
    ("age", "given", "after"),
    [
        (29 * DAY, {"state": "held", "reason": "no_identity"}, ("held", None)),
        (31 * DAY, {"state": "held", "reason": "no_identity"}, ("skipped", AT)),
        (31 * DAY, {"state": "held", "reason": "before_launch"}, ("held", None)),
        (31 * DAY, {"state": "pending"}, ("pending", None)),
    ],
)
def test_what_finds_nobody_in_a_month_finds_nobody(
    merchant: Merchant, age: timedelta, given: dict[str, str], after: tuple[str, datetime | None]
) -> None:
    kept = delivery(merchant, age, **given)

    housekeeping.run(at=AT)

    kept.refresh_from_db()
    assert (kept.state, kept.settled_at) == after


def test_failed_ticks_are_forgotten_after_a_month(db: None) -> None:
    for days in (29, 31):
        Failure.objects.create(
            id=f"{days}", name=f"{days}", func="f", started=AT, stopped=AT - days * DAY, success=False
        )

    housekeeping.run(at=AT)

    assert [each.name for each in Failure.objects.all()] == ["29"]


def test_twice_is_once(merchant: Merchant) -> None:
    for age in (31 * DAY, DAY):
        message(merchant, age, "handled")
        delivery(merchant, age, state="held", reason="no_identity")
    housekeeping.run(at=AT)
    once = [list(model.objects.values().order_by("pk")) for model in (InboundMessage, Delivery)]

    housekeeping.run(at=AT + MINUTE)

    assert [list(model.objects.values().order_by("pk")) for model in (InboundMessage, Delivery)] == once
