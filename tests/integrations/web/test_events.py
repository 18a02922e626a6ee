"""The history as merchants see it: found, shown with its requests, sent again; and the reasons why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import AuditEntry, Connection, Customer, Delivery, DeliveryAttempt, Event, Merchant

from .conftest import SignIn

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
def connection(merchant: Merchant) -> Connection:
    return Connection.objects.create(merchant=merchant, launch_at=AT - timedelta(days=30), launched_at=AT)


@pytest.fixture
def history(merchant: Merchant, connection: Connection) -> list[Event]:
    """Sixty events of as many orders, an hour apart; the deliveries of the last two failed."""
    ann = Customer.objects.create(merchant=merchant, email="ann@shopper.example", first_name="Ann")
    events = [record(merchant, connection, number, customer=ann) for number in range(60)]
    Delivery.objects.filter(event__in=events[-2:]).update(state="dead", reason="rejected", error="Invalid phone")
    return events


def record(merchant: Merchant, connection: Connection, number: int, **more: Any) -> Event:
    at = AT + timedelta(hours=number)
    event = Event.objects.create(
        merchant=merchant,
        metric="order_shipped",
        metric_name="Order shipped",
        unique_id=f"order:{number}:shipped",
        subject=f"order:{number}",
        order_number=f"#{number}",
        tracking_number=f"1Z{number:03}",
        occurred_at=at,
        recorded_at=at,
        properties={"OrderNumber": f"#{number}"},
        **more,
    )
    times = {"not_before": at, "window_at": at, "created_at": at, "settled_at": at}
    Delivery.objects.create(
        merchant=merchant,
        event=event,
        connection=connection,
        subject=event.subject,
        state="sent",
        identifier="ann@shopper.example",
        **times,
    )
    return event


def listed(client: Client, merchant: Merchant, **query: str) -> list[str]:
    """Order numbers on a page of the list."""
    found = client.get(f"/m/{merchant.public_id}/events/", query).context["events"]
    return [each.order_number for each in found]


def test_the_newest_first_and_older_pages_go_on_from_there(
    merchant: Merchant, history: list[Event], sign_in: SignIn
) -> None:
    client = sign_in("viewer")
    first = client.get(f"/m/{merchant.public_id}/events/")
    second = client.get(f"/m/{merchant.public_id}/events/?{first.context['older']}")
    seen = [each.order_number for page in (first, second) for each in page.context["events"]]

    assert seen == [f"#{number}" for number in reversed(range(60))]
    assert second.context["older"] == ""


def test_events_of_one_second_are_each_listed_once(merchant: Merchant, history: list[Event], sign_in: SignIn) -> None:
    Event.objects.update(occurred_at=AT)
    client = sign_in("viewer")
    first = client.get(f"/m/{merchant.public_id}/events/")
    second = client.get(f"/m/{merchant.public_id}/events/?{first.context['older']}")

    seen = [each.pk for page in (first, second) for each in page.context["events"]]
    assert len(seen) == len(set(seen)) == 60


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "7"}, ["#7"]),
        ({"q": " #7 "}, ["#7"]),
        ({"q": "1z007"}, ["#7"]),
        ({"q": "ANN@shopper.example", "until": "2026-11-20"}, [f"#{n}" for n in range(18, -1, -1)]),
        ({"q": "nobody@shopper.example"}, []),
        ({"state": "failed"}, ["#59", "#58"]),
        ({"state": "failed", "q": "58"}, ["#58"]),
        ({"state": "sent", "q": "58"}, []),
        ({"metric": "order_cancelled"}, []),
        (
            {"since": "2026-11-22", "until": "2026-11-22", "metric": "order_shipped"},
            [f"#{n}" for n in range(59, 42, -1)],
        ),
    ],
)
def test_what_is_looked_for_is_found(
    merchant: Merchant, history: list[Event], sign_in: SignIn, query: dict[str, str], found: list[str]
) -> None:
    assert listed(sign_in("viewer"), merchant, **query) == found


@pytest.mark.parametrize(
    "query",
    [
        "at=x&id=y",
        "at=2026-11-20T10:00:00&id=9",
        "since=yesterday",
        "state=nosuch",
        "id=%00",
        "at=99999999999999999999&id=1",
    ],
)
def test_an_address_changed_by_hand_breaks_nothing(
    merchant: Merchant, history: list[Event], sign_in: SignIn, query: str
) -> None:
    assert sign_in("viewer").get(f"/m/{merchant.public_id}/events/?{query}").status_code in (200, 400)


def test_a_list_costs_the_same_however_long_it_is(
    merchant: Merchant, connection: Connection, history: list[Event], sign_in: SignIn
) -> None:
    client = sign_in("viewer")
    counts = []
    for query in ({"q": "7"}, {}):
        with CaptureQueriesContext(database) as queries:
            client.get(f"/m/{merchant.public_id}/events/", query)
        counts.append(len(queries))

    assert max(counts) <= 8
    assert counts[1] <= counts[0]


def test_an_event_shows_its_request_and_each_answer(merchant: Merchant, history: list[Event], sign_in: SignIn) -> None:
    delivery = Delivery.objects.get(event=history[-1])
    DeliveryAttempt.objects.create(
        merchant=merchant,
        connection=delivery.connection,
        delivery=delivery,
        started_at=AT,
        duration_ms=123,
        status=400,
        outcome="refused",
        error="Invalid phone",
        request_id="req-1",
    )
    page = sign_in("viewer").get(f"/m/{merchant.public_id}/events/{history[-1].pk}/").content.decode()

    for text in (
        "The request that would be sent",
        "POST https://a.klaviyo.com/api/events",
        "req-1",
        "123 ms",
        "Invalid phone",
    ):
        assert text in page
    assert "&quot;unique_id&quot;: &quot;order:59:shipped&quot;" in page
    assert "Send again" not in page


def test_an_editor_sends_again_what_failed(merchant: Merchant, history: list[Event], sign_in: SignIn) -> None:
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/events/{history[-1].pk}/"
    assert "Send again" in client.get(path).content.decode()

    page = client.post(f"{path}send-again/", follow=True).content.decode()

    assert "It is on its way again" in page
    assert Delivery.objects.get(event=history[-1]).state == "pending"
    assert AuditEntry.objects.get().what == "sent an event again"


def test_a_viewer_sends_nothing(merchant: Merchant, history: list[Event], sign_in: SignIn) -> None:
    answer = sign_in("viewer").post(f"/m/{merchant.public_id}/events/{history[-1].pk}/send-again/")

    assert (answer.status_code, Delivery.objects.get(event=history[-1]).state) == (403, "dead")


def test_another_merchants_event_does_not_exist(merchant: Merchant, sign_in: SignIn) -> None:
    other = Merchant.objects.create(name="Birch")
    theirs = record(other, Connection.objects.create(merchant=other, launch_at=timezone.now()), 1)

    client = sign_in("owner")
    paths = [f"/m/{merchant.public_id}/events/{theirs.pk}/", f"/m/{other.public_id}/events/{theirs.pk}/"]
    assert [client.get(path).status_code for path in paths] == [404, 404]
    assert listed(client, merchant, q="#1") == []


@pytest.mark.parametrize("term", ["#7", "7", "1Z007", "ann@shopper.example"])
def test_why_finds_an_order_by_whatever_names_it(
    merchant: Merchant, history: list[Event], sign_in: SignIn, term: str
) -> None:
    page = sign_in("viewer").get(f"/m/{merchant.public_id}/why/", {"q": term}).content.decode()

    assert "Sent: Order shipped" in page


def test_why_says_where_nothing_is_known(merchant: Merchant, sign_in: SignIn) -> None:
    client = sign_in("viewer")

    assert "Nothing is known of #404" in client.get(f"/m/{merchant.public_id}/why/?q=%23404").content.decode()
    assert "Ask about an order" in client.get(f"/m/{merchant.public_id}/why/").content.decode()
