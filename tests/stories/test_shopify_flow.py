"""Shopify Flow beside Klaviyo: one event at both, neither waiting for the other, and nothing started twice or late."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations import amending, connecting, connections, consent, custom_metrics, replays
from integrations.audit import Actor
from integrations.connecting import Wish
from integrations.consent import SignUp
from integrations.custom_metrics import Declaration
from integrations.delivery import resend
from integrations.delivery.engine import Engine
from integrations.destinations.shopify_flow.sandbox import FlowSandbox
from integrations.models import Connection, Delivery, Event, ProfileChange
from integrations.people import PersonInput
from integrations.search import Wanted
from tests.support.payloads import shopify_fulfillment, shopify_order
from tests.support.world import Shop, World

TOKEN = "shpat_sandbox_alba"
METRICS = ("processing_order", "order_shipped")
HOUR = timedelta(hours=1)


@pytest.fixture
def flow(settings: Any) -> Iterator[FlowSandbox]:
    with FlowSandbox() as sandbox:
        settings.SHOPIFY_BASE_URL = sandbox.url
        yield sandbox


@pytest.fixture
def shop(world: World, flow: FlowSandbox) -> Shop:
    return world.shop(packs=["order_status"])


@pytest.fixture
def now() -> datetime:
    return timezone.now().replace(microsecond=0)


def connect(shop: Shop, *, metrics: Sequence[str] = METRICS, at: datetime | None = None) -> Connection:
    domain = shop.merchant.shop_domains.get().domain
    wish = Wish(kind="shopify_flow", key=TOKEN, metrics=list(metrics), address=domain)
    connection, _ = connecting.add(shop.merchant, wish, by=Actor(label="test"), at=at or timezone.now() - 2 * HOUR)
    return connection


def states(connection: Connection) -> list[tuple[str, str]]:
    rows = Delivery.objects.filter(connection=connection).order_by("pk")
    return list(rows.values_list("state", "reason"))


def test_one_event_reaches_both_once(world: World, shop: Shop, flow: FlowSandbox, now: datetime) -> None:
    connection = connect(shop)
    shop.shopify("orders/create", shopify_order(at=now - HOUR))
    shop.shopify("orders/create", shopify_order(at=now - HOUR))
    world.work()

    (run,) = flow.received()
    event = Event.objects.get()
    assert (run["shop"], run["handle"]) == (connection.address, "processing-order")
    told = {name: run["payload"][name] for name in ("customer_id", "Email", "UniqueId", "OrderNumber")}
    assert told == {
        "customer_id": 4711,
        "Email": "ann@shopper.example",
        "UniqueId": event.unique_id,
        "OrderNumber": event.properties["OrderNumber"],
    }
    assert shop.one("Processing order")["unique_id"] == event.unique_id
    assert (connection.account_name, connection.missing_scopes, states(connection)) == (
        connection.address.partition(".")[0].replace("-", " ").title(),
        [],
        [("sent", "")],
    )


def test_neither_waits_for_the_other(world: World, shop: Shop, flow: FlowSandbox, now: datetime) -> None:
    connection = connect(shop)
    world.sandbox.fault("unavailable")
    shop.shopify("orders/create", shopify_order(at=now - HOUR))
    world.work()
    assert (len(flow.received()), shop.received) == (1, [])

    world.sandbox.clear_faults()
    flow.fault("unavailable")
    shop.shopify("fulfillments/create", shopify_fulfillment(at=now))
    world.work()
    Delivery.objects.exclude(connection=connection).update(not_before=now)
    Engine().run(seconds=10)

    assert shop.names == {"Processing order": 1, "Order shipped": 1}
    assert states(connection) == [("sent", ""), ("pending", "")]


def test_throttled_waits_without_an_attempt(world: World, shop: Shop, flow: FlowSandbox, now: datetime) -> None:
    connection = connect(shop)
    flow.limit(connection.address, most=1, rate=10)
    for number in range(3):
        shop.shopify(
            "orders/create", shopify_order(9_000 + number, at=now, number=f"#{number}", email=f"{number}@x.example")
        )
    world.take_in()
    for _ in range(8):
        Engine().run(seconds=2)
        time.sleep(0.2)

    throttled = [each for each in flow.requests() if "THROTTLED" in each.words]
    assert (len(flow.received()), len(throttled) > 0) == (3, True)
    assert set(Delivery.objects.filter(connection=connection).values_list("attempts", flat=True)) == {1}


def test_bad_token_pauses_and_drops_nothing(world: World, shop: Shop, flow: FlowSandbox, now: datetime) -> None:
    connection = connect(shop)
    flow.add_shop(connection.address, "shpat_another")
    shop.shopify("orders/create", shopify_order(at=now))
    world.work()
    connection.refresh_from_db()
    assert (connection.state, states(connection), len(shop.received)) == ("paused_auth", [("pending", "")], 1)

    amending.change_key(connection, "shpat_another", by=Actor(label="test"), at=timezone.now())
    world.work()
    assert (connection.state, states(connection), len(flow.received())) == ("active", [("sent", "")], 1)


def test_missing_scope_is_told(shop: Shop, flow: FlowSandbox) -> None:
    flow.add_shop(shop.merchant.shop_domains.get().domain, TOKEN, scopes=["read_orders"])

    assert connect(shop).missing_scopes == ["read_customers"]


def test_user_errors_are_final_in_shopifys_words(world: World, shop: Shop, flow: FlowSandbox, now: datetime) -> None:
    connection = connect(shop)
    flow.add_shop(connection.address, TOKEN, triggers=["points-added"])
    shop.shopify("orders/create", shopify_order(at=now))
    world.work()

    assert states(connection) == [("dead", "rejected")]
    dead = Delivery.objects.get(connection=connection)
    assert dead.error == "Errors validating schema: Invalid handle 'processing-order'. (body)"


def test_off_builds_nothing(world: World, shop: Shop, flow: FlowSandbox, now: datetime) -> None:
    connection = connect(shop, metrics=["order_shipped"])
    shop.shopify("orders/create", shopify_order(at=now))
    world.work()

    assert (states(connection), flow.received(), len(shop.received)) == ([], [], 1)


@pytest.mark.parametrize("fault", ["server_error", "reset_after", "garbage"])
def test_in_doubt_a_person_decides(world: World, shop: Shop, flow: FlowSandbox, now: datetime, fault: str) -> None:
    connection = connect(shop)
    flow.fault(fault, operation="flowTriggerReceive", times=1)
    shop.shopify("orders/create", shopify_order(at=now))
    world.work()
    Delivery.objects.filter(connection=connection).update(not_before=now - HOUR)
    world.work()
    assert (states(connection), len(flow.requests())) == ([("expired", "uncertain")], 2)

    assert resend.resend(Delivery.objects.filter(connection=connection), at=timezone.now()) == 1
    world.work()
    assert (states(connection), len(flow.received())) == ([("sent", "")], 1 if fault == "server_error" else 2)


def test_what_a_dead_worker_had_in_hand_is_in_doubt(world: World, shop: Shop, flow: FlowSandbox, now: datetime) -> None:
    connection = connect(shop)
    shop.shopify("orders/create", shopify_order(at=now))
    world.take_in()
    Delivery.objects.filter(connection=connection).update(state="sending", claim=0, attempts=1, first_attempt_at=now)
    Engine().run(seconds=10)

    assert (states(connection), flow.received()) == ([("expired", "uncertain")], [])


def test_what_did_not_get_through_is_tried_again(world: World, shop: Shop, flow: FlowSandbox, now: datetime) -> None:
    connection = connect(shop)
    flow.fault("unavailable", operation="flowTriggerReceive", times=1)
    shop.shopify("orders/create", shopify_order(at=now))
    world.work()
    assert states(connection) == [("pending", "")]

    Delivery.objects.filter(connection=connection).update(not_before=now - HOUR)
    world.work()
    assert (states(connection), len(flow.received())) == ([("sent", "")], 1)


def test_old_events_start_nothing(world: World, shop: Shop, flow: FlowSandbox, now: datetime) -> None:
    """From before it was connected: outside the window. Too old when it is sent: not sent, with its reason."""
    connection = connect(shop, at=now - 100 * HOUR)
    shop.shopify("orders/create", shopify_order(1, number="#1", at=now - 200 * HOUR))
    shop.shopify("orders/create", shopify_order(2, number="#2", at=now - 80 * HOUR))
    world.work()

    assert flow.received() == []
    assert states(connection) == [("skipped", "before_window"), ("skipped", "too_old")]
    assert Counter(event["backfill"] for event in shop.received) == {True: 2}


def test_shopper_without_a_number_in_shopify_is_told_of_plainly(
    world: World, shop: Shop, flow: FlowSandbox, now: datetime
) -> None:
    connection = connect(shop)
    shop.shopify("orders/create", shopify_order(at=now) | {"customer": None})
    world.work()

    assert states(connection) == [("dead", "rejected")]
    assert "no customer number in Shopify" in Delivery.objects.get(connection=connection).error


def test_replay_repeats_nothing_that_may_have_started_something(
    world: World, shop: Shop, flow: FlowSandbox, now: datetime
) -> None:
    connection = connect(shop)
    shop.shopify("orders/create", shopify_order(at=now))
    world.work()
    replays.begin(shop.merchant, Wanted(metric="processing_order"), by=Actor(label="test"), at=timezone.now())
    replays.advance_due(at=timezone.now(), seconds=5)
    world.work()

    assert (len(flow.received()), states(connection)) == (1, [("sent", "")])
    assert world.sandbox.receipts(shop.public_key)[Event.objects.get().unique_id] == 2


def test_changes_of_profiles_go_to_klaviyo_alone(world: World, shop: Shop, flow: FlowSandbox, now: datetime) -> None:
    connection = connect(shop)
    shop.shopify("orders/create", shopify_order(at=now))
    world.work()
    box = SignUp(
        person=PersonInput(email="ann@shopper.example"),
        channels=("email",),
        is_marketing=True,
        source="Tracking page",
        given_at=now,
        text="Yes",
    )
    consent.subscribe(merchant=shop.merchant, sign_up=box, at=timezone.now())
    world.work()

    assert ProfileChange.objects.count() == 1
    assert [each.connection.kind for each in Delivery.objects.exclude(change=None)] == ["klaviyo"]
    assert (len(flow.received()), len(states(connection))) == (1, 1)


def test_check_asks_live_and_writes_down_what_it_finds(shop: Shop, flow: FlowSandbox) -> None:
    connection = connect(shop)
    connections.pause(connection, "auth", detail="refused", at=timezone.now())
    account = amending.verify(connection, at=timezone.now())

    assert account is not None
    assert (account.timezone, account.currency, connection.state) == ("Europe/Berlin", "EUR", "active")


def test_a_metric_of_the_merchants_own_is_no_trigger(shop: Shop, flow: FlowSandbox) -> None:
    connection, actor = connect(shop), Actor(label="test")
    declared = Declaration(key="custom_tasting", name="Tasting", description="", properties=[])
    custom_metrics.declare(shop.merchant, declared, by=actor, at=timezone.now())
    connection.refresh_from_db()
    shop.connection.refresh_from_db()

    assert ("custom_tasting" in shop.connection.enabled_metrics, tuple(connection.enabled_metrics)) == (True, METRICS)
    shop.merchant.connections.filter(pk=connection.pk).delete()
    with pytest.raises(connecting.NotPossible, match="Shopify Flow cannot tell of custom_tasting"):
        connect(shop, metrics=["custom_tasting"])
