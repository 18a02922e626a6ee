"""Whether events arrive, why or why not, and sending a stretch of history once more: as data, by the pages' own services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import connections, replays
from integrations.catalog import catalog
from integrations.models import AuditEntry, Connection, Customer, Delivery, Merchant, Replay
from tests.integrations.tenants import make_merchant, story
from tests.support import rest as world
from tests.support.rest import AT, Rest

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def merchant() -> Merchant:
    return world.merchant()


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


def test_health_says_what_is_wrong_and_what_to_do(merchant: Merchant, api: Rest) -> None:
    now = timezone.now()
    rows = world.events(merchant, [AT + number * HOUR for number in range(4)])
    for row, state in zip(rows, ("sent", "pending", "held", "dead"), strict=True):
        world.delivery(row, state, settled_at=now if state in ("sent", "dead") else None)
    connections.pause(merchant.connections.get(), "auth", detail="401: Incorrect credentials.", at=now)

    told = api.get("connection").json()

    assert (told["state"], told["state_detail"]) == ("paused_auth", "401: Incorrect credentials.")
    assert (told["waiting"], told["held"], told["failed"]) == (1, 1, 1)
    assert told["last_accepted_at"] == now.isoformat().replace("+00:00", "Z")
    assert told["last_received_at"] is None
    [key, failed, waits] = told["concerns"]
    assert (key["text"], key["is_urgent"], key["advice"][:22]) == ("the key is refused", True, "Make a new private key")
    assert (failed["text"], waits["text"]) == ("1 failed in 24 h", "deliveries wait")
    assert told["to_do"] == []


def test_before_the_launch_it_says_what_is_to_be_done(merchant: Merchant, api: Rest) -> None:
    connections.pause(merchant.connections.get(), "auth", detail="401: Incorrect credentials.", at=timezone.now())

    told = api.get("connection").json()

    assert {"text": "The key works", "detail": "Paused: the key is refused"} in told["to_do"]


def test_health_costs_the_same_whatever_there_is(merchant: Merchant, api: Rest) -> None:
    api.get("connection")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert api.get("connection").status_code == 200
        counts.append(len(queries))
        for row in world.events(merchant, [AT] * 20):
            world.delivery(row, "dead", settled_at=timezone.now())

    assert counts[0] == counts[1] <= 12


def test_without_a_connection_there_is_no_health(api: Rest, merchant: Merchant) -> None:
    Connection.objects.all().delete()

    assert api.get("connection").status_code == 404


@pytest.fixture
def storied() -> Merchant:
    """A merchant with an order, a parcel and a shopper of whom webhooks told, and with one metric off."""
    merchant = make_merchant("Alba")
    Connection.objects.update(enabled_metrics=[key for key in catalog.metrics if key != "order_delivered"])
    story(merchant, "Alba")
    return merchant


def test_a_timeline_tells_what_came_in_what_was_recorded_and_what_was_not(storied: Merchant) -> None:
    api = world.rest(storied)
    number = next(each["order_number"] for each in api.get("events").json()["items"] if each["order_number"])
    parcel = next(each["tracking_number"] for each in api.get("events").json()["items"] if each["tracking_number"])

    by_order = api.get("timeline", order_number=number).json()["items"]

    assert [each["at"] for each in by_order] == sorted(each["at"] for each in by_order)
    assert {"message", "event", "delivery", "no_event"} <= {each["kind"] for each in by_order}
    [absent] = [each for each in by_order if each["kind"] == "no_event"]
    assert (absent["reason"], absent["event_id"]) == ("metric_off", None)
    assert "Order delivered" in absent["title"] + absent["detail"]
    recorded = [each["event_id"] for each in by_order if each["kind"] == "event"]
    of_order = api.get("events", order_number=number).json()["items"]
    assert sorted(recorded) == sorted(each["id"] for each in of_order)
    told = [each for each in by_order if each["kind"] != "message"]
    by_parcel = api.get("timeline", tracking_number=parcel).json()["items"]
    assert [each for each in by_parcel if each["kind"] != "message"] == told
    by_shopper = api.get("timeline", customer_id=str(Customer.objects.get().pk)).json()["items"]
    of_shopper = api.get("events").json()["items"]
    assert all(each in by_shopper for each in told)
    assert {each["event_id"] for each in by_shopper} >= {each["id"] for each in of_shopper}


def test_a_shopper_s_timeline_has_events_of_no_order(merchant: Merchant, api: Rest) -> None:
    ada = Customer.objects.create(merchant=merchant, email="ada@example.com")
    [row] = world.events(merchant, [AT], customer=ada, order_number="")
    world.events(merchant, [AT], order_number="", subject="other")
    world.delivery(row, "skipped", reason="before_window")

    told = api.get("timeline", customer_id=ada.pk).json()["items"]

    assert [(each["kind"], each["reason"], each["event_id"]) for each in told] == [
        ("event", "", str(row.pk)),
        ("delivery", "before_window", str(row.pk)),
    ]


@pytest.mark.parametrize("query", [{}, {"order_number": "1", "customer_id": "1"}])
def test_a_timeline_is_of_one_thing(api: Rest, query: dict[str, Any]) -> None:
    answer = api.get("timeline", **query)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_a_timeline_costs_the_same_however_much_happened(merchant: Merchant, api: Rest) -> None:
    api.get("timeline", order_number="X")
    counts = []
    for many in (1, 30):
        for row in world.events(merchant, [AT] * many, order_number="X"):
            world.delivery(row, "sent")
        with CaptureQueriesContext(connection) as queries:
            api.get("timeline", order_number="X")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 15


FILTER = {"state": "failed", "occurred_after": "2026-11-20T15:00:00Z", "occurred_before": "2026-11-20T18:00:00Z"}


@pytest.fixture
def failed(merchant: Merchant) -> list[Delivery]:
    """Failed deliveries, of which three fit the filter."""
    rows = world.events(merchant, [AT + number * HOUR for number in range(-1, 4)])
    return [world.delivery(row, "dead") for row in rows]


def test_a_replay_is_counted_first_and_nothing_is_sent(api: Rest, failed: list[Delivery]) -> None:
    answer = api.post("replays", FILTER)

    told = answer.json()
    assert (answer.status_code, told["id"], told["state"], told["total"]) == (200, None, "proposed", 3)
    assert [each["id"] for each in told["sample"]] == [str(each.event_id) for each in failed[3:0:-1]]
    assert told["filter"] == FILTER
    assert not Replay.objects.exists()


def test_a_replay_is_started_and_followed(merchant: Merchant, api: Rest, failed: list[Delivery]) -> None:
    begun = api.post("replays", FILTER | {"dry_run": False})
    told = begun.json()
    assert (begun.status_code, told["state"], told["total"], told["done"]) == (202, "running", 3, 0)
    assert begun.headers["Location"] == f"/api/v1/replays/{told['id']}"

    replays.advance_due(at=timezone.now(), seconds=5)

    after = api.get(f"replays/{told['id']}").json()
    assert (after["state"], after["done"], after["resent"]) == ("finished", 3, 3)
    assert {name: after["filter"][name][:19] for name in FILTER} == {name: FILTER[name][:19] for name in FILTER}
    assert Delivery.objects.filter(state="pending").count() == 3
    assert "API token “warehouse”" in AuditEntry.objects.get().actor
    assert api.post(f"replays/{told['id']}/cancel").status_code == 409


def test_a_replay_is_cancelled(api: Rest, failed: list[Delivery]) -> None:
    key = api.post("replays", FILTER | {"dry_run": False}).json()["id"]

    answer = api.post(f"replays/{key}/cancel")

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    replays.advance_due(at=timezone.now(), seconds=5)
    assert not Delivery.objects.filter(state="pending").exists()


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 422, ""),
        ({"dry_run": False}, 422, ""),
        ({"metric": "unknown"}, 422, "/metric"),
        ({"state": "lost"}, 422, "/state"),
        ({"search": "#1", "dry_run": "false"}, 422, "/dry_run"),
        ({"search": "#1", "dry_run": False}, 409, None),
    ],
)
def test_a_replay_that_cannot_be_is_refused(api: Rest, body: dict[str, Any], status: int, pointer: str | None) -> None:
    answer = api.post("replays", body)

    places = [each["pointer"] for each in answer.json().get("errors", [])]
    assert (answer.status_code, places) == (status, [] if pointer is None else [pointer])
    assert not Replay.objects.exists()


def test_another_merchant_s_replay_is_not_found(api: Rest, failed: list[Delivery]) -> None:
    key = api.post("replays", FILTER | {"dry_run": False}).json()["id"]
    stranger = world.rest(world.merchant("Bora"))

    answers = [stranger.get(f"replays/{key}"), stranger.post(f"replays/{key}/cancel")]

    assert [each.status_code for each in answers] == [404, 404]
    assert Replay.objects.get().state == Replay.State.RUNNING
