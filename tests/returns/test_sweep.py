"""The clock: shoppers are told once that time runs out, and no return waits for an order that is there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from integrations.models import Event, Merchant
from returns import rechecks, stages, sweep, tasks
from returns.models import Return
from tests.returns.telling import merchant_with_returns, order, send_back
from tests.tracking.telling import AT, DAY, HOUR, told
from tracking.models import Order

UNTIL = AT + 30 * DAY
EVENT = f"return:r1:expiring:{int(UNTIL.timestamp())}"


@pytest.fixture
def merchant(db: None) -> Merchant:
    return merchant_with_returns()


def look(at: datetime) -> None:
    sweep.sweep(at=at, seconds=10)


def warned() -> list[str]:
    return told("return_expiring")


def test_time_that_runs_out_is_told_once_three_days_before(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant, expires_at=UNTIL)
    look(UNTIL - 3 * DAY - HOUR)
    assert warned() == []

    look(UNTIL - 3 * DAY)
    send_back(merchant, expires_at=UNTIL, hours=1)
    look(UNTIL)

    event = Event.objects.get(metric="return_expiring")
    assert (warned(), event.occurred_at, event.fresh_until) == ([EVENT], UNTIL - 3 * DAY, UNTIL)
    assert event.properties["ExpiresAt"] == UNTIL.isoformat()
    assert Return.objects.get().warned_at == UNTIL - 3 * DAY


def test_another_deadline_is_told_of_anew(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant, expires_at=UNTIL)
    look(UNTIL - 2 * DAY)

    send_back(merchant, expires_at=UNTIL + 10 * DAY, hours=1)
    look(UNTIL + 8 * DAY)

    assert len(warned()) == 2


@pytest.mark.parametrize("status", [each for each in stages.REACHABLE if each not in stages.AWAITED])
def test_what_was_sent_or_has_ended_is_not_told_of(merchant: Merchant, status: str) -> None:
    order(merchant)
    send_back(merchant, expires_at=UNTIL)
    send_back(merchant, hours=1, reached={status: AT + 3 * DAY})

    look(UNTIL)

    assert (warned(), Return.objects.get().warns_at) == ([], None)


def test_a_return_whose_order_is_not_known_is_not_told_of(merchant: Merchant) -> None:
    send_back(merchant, expires_at=UNTIL)

    look(UNTIL)

    assert (warned(), Return.objects.get().warns_at) == ([], None)


def test_a_last_look_keeps_back_what_was_sent_meanwhile(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant, expires_at=UNTIL)
    send_back(merchant, "r2", expires_at=UNTIL)
    look(UNTIL - DAY)
    events = {each.unique_id: each.properties for each in Event.objects.filter(metric="return_expiring")}
    account = merchant.connections.get()
    assert (len(events), list(rechecks.sent_meanwhile(account, events, UNTIL))) == (2, [])

    send_back(merchant, hours=1, reached={stages.IN_TRANSIT: UNTIL - DAY})
    send_back(merchant, "r2", hours=1, expires_at=UNTIL + DAY)

    assert set(rechecks.sent_meanwhile(account, events, UNTIL)) == events.keys()


@pytest.mark.parametrize("named", [{"order_external_id": "1"}, {"order_external_id": "", "order_number": "#1"}])
def test_a_return_that_missed_its_order_is_completed(merchant: Merchant, named: dict[str, Any]) -> None:
    """The two were written at the same moment, so neither saw the other."""
    order(merchant)
    send_back(merchant, **named)
    Event.objects.filter(metric__startswith="return").delete()
    Return.objects.update(order=None, completed_at=None)

    tasks.watch_returns()

    assert Return.objects.get().order == Order.objects.get()
    assert told("return_created") == ["return:r1"]


def test_a_return_whose_order_never_came_goes_on_waiting(merchant: Merchant) -> None:
    send_back(merchant)

    tasks.watch_returns()

    assert Return.objects.get().waits_for == "order"
