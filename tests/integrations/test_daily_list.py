"""The daily list: once a day at the merchant's hour, of what stands still, and nothing where nothing does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations import daily_list, leases
from integrations.audit import Actor
from integrations.daily_list import Row, Standing
from integrations.fields import Sealed
from integrations.models import AlertAddress, AuditEntry, Merchant
from tests.integrations.klaviyo.wire import answers, served

AT = datetime(2026, 11, 26, 13, tzinfo=UTC)
"""Eight in the morning in New York."""

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ROWS = [
    Row("ShipmentStalled", "not scanned", "#2", AT - 4 * DAY, "1Z2"),
    Row("FulfillmentStalled", "not fulfilled", "#1", AT - 5 * DAY),
]


@pytest.fixture
def merchant(db: None) -> Merchant:
    made = Merchant.objects.create(name="Alba", timezone="America/New_York")
    AlertAddress.objects.create(merchant=made, email="ops@alba.example", created_at=AT, daily_list_at=time(8))
    return made


@pytest.fixture
def by(db: None) -> Actor:
    return Actor(User.objects.create_user("olga", "olga@alba.example"))


@pytest.fixture(autouse=True)
def standing(monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """What stands still, for every merchant."""
    rows = list(ROWS)
    monkeypatch.setattr(daily_list, "_listers", [lambda merchant, at, most: Standing(rows[:most], len(rows))])
    return rows


def lists(after: timedelta = timedelta()) -> list[str]:
    """Subjects of what a tick sends, so long after eight."""
    mail.outbox.clear()
    daily_list.send_due(at=AT + after)
    return [str(each.subject) for each in mail.outbox]


def test_it_comes_once_a_day_at_the_merchants_hour(merchant: Merchant) -> None:
    assert lists(-MINUTE) == []
    assert lists() == ["Alba: 2 stand still"]
    assert mail.outbox[0].body.splitlines()[2:6] == [
        "#1: not fulfilled since Sat 21 Nov 2026, 08:00",
        f"  http://127.0.0.1:8000/m/{merchant.public_id}/why/?q=%231",
        "#2, parcel 1Z2: not scanned since Sun 22 Nov 2026, 08:00",
        f"  http://127.0.0.1:8000/m/{merchant.public_id}/why/?q=%232",
    ]
    assert [lists(each) for each in (timedelta(), MINUTE, 15 * HOUR, DAY - MINUTE)] == [[]] * 4
    assert lists(DAY) == ["Alba: 2 stand still"]


def test_days_without_a_tick_are_not_made_up_for(merchant: Merchant) -> None:
    lists()

    assert [lists(4 * DAY + 5 * HOUR), lists(4 * DAY + 6 * HOUR)] == [["Alba: 2 stand still"], []]


def test_nothing_is_sent_where_nothing_stands_still_and_not_later_that_day(
    merchant: Merchant, standing: list[Row]
) -> None:
    standing.clear()
    assert lists() == []
    standing.append(ROWS[0])

    assert [lists(HOUR), lists(DAY)] == [[], ["Alba: 1 stands still"]]


def test_what_did_not_arrive_is_tried_again_for_that_address_alone(
    merchant: Merchant, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = True
    with served(answers("200 OK")) as wire:
        AlertAddress.objects.create(
            merchant=merchant, url=wire.url, secret=Sealed.of("s"), created_at=AT, daily_list_at=time(7)
        )
        with monkeypatch.context() as broken:

            def away(self: Any, messages: Any) -> int:
                raise ConnectionRefusedError

            broken.setattr(EmailBackend, "send_messages", away)
            assert lists() == []
        assert lists(5 * MINUTE) == ["Alba: 2 stand still"]
        (request,) = wire.requests
    document = json.loads(request.partition(b"\r\n\r\n")[2])
    assert (document["type"], document["total"], document["merchant"]["name"]) == ("daily_list", 2, "Alba")
    assert document["rows"][1] == {
        "problem": "ShipmentStalled",
        "order_number": "#2",
        "tracking_number": "1Z2",
        "since": "2026-11-22T13:00:00Z",
        "page": f"http://127.0.0.1:8000/m/{merchant.public_id}/why/?q=%232",
    }


def test_a_long_list_is_cut_and_counted(merchant: Merchant, standing: list[Row]) -> None:
    standing += [ROWS[0]] * 150
    assert lists() == ["Alba: 152 stand still"]

    body = mail.outbox[0].body
    assert (body.count("since"), "and 52 more." in body) == (100, True)


def test_two_ticks_at_once_send_once(merchant: Merchant) -> None:
    with leases.holding("daily_lists", 60):
        assert lists() == []
    assert len(lists()) == 1


def test_a_merchant_that_is_paused_gets_none(merchant: Merchant) -> None:
    Merchant.objects.update(state="paused")

    assert lists() == []


def test_it_is_chosen_for_an_address_and_the_first_is_the_next(merchant: Merchant, by: Actor) -> None:
    address = AlertAddress.objects.create(merchant=merchant, email="eva@alba.example", created_at=AT)
    AlertAddress.objects.exclude(pk=address.pk).delete()
    for hour in (time(7), time(7), None, time(9)):
        daily_list.choose(merchant, address.pk, hour, by=by, at=AT)
        assert lists() == []
    assert len(lists(HOUR)) == 1
    daily_list.choose(Merchant.objects.create(name="Birch"), address.pk, None, by=by, at=AT)

    assert AlertAddress.objects.get().daily_list_at == time(9)
    assert [each.details for each in AuditEntry.objects.order_by("id")] == [
        ["eva@alba.example: 07:00"],
        ["eva@alba.example: none"],
        ["eva@alba.example: 09:00"],
    ]


def test_a_tick_costs_the_same_however_many_lists_are_not_due(merchant: Merchant) -> None:
    lists()
    counts = []
    for more in (1, 8):
        for number in range(more):
            other = Merchant.objects.create(name=f"Shop {more}{number}")
            AlertAddress.objects.create(merchant=other, email="a@b.example", created_at=AT, daily_list_at=time(20))
        with CaptureQueriesContext(database) as queries:
            lists(5 * MINUTE)
        counts.append(len(queries))

    assert counts[0] == counts[1]
