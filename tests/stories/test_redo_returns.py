"""Redo's document, the returns: from Loop's and Shopify's webhooks over real sockets to Klaviyo, and 500 items at once."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from returns.models import Return
from tests.stories.test_redo import DAY
from tests.support.messages import load
from tests.support.payloads import loop_return, shopify_order, shopify_return
from tests.support.rest import Rest, rest
from tests.support.schemas import objections_to
from tests.support.world import Shop, World

CREATED, ITEM = "Return Created", "Return Created Item"
ORDER = 820982911946154508
LINES = [(466157049, "Wool jumper", 1), (518995019, "Socks", 2)]


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant with Redo's metrics, and those of a return's statuses."""
    made = world.shop(packs=["returns_and_tracking"])
    statuses = [f"return_{each}" for each in ("approved", "in_transit", "received", "refunded", "closed")]
    made.connection.enabled_metrics += statuses
    made.connection.save()
    return made


def of_returns(shop: Shop) -> list[str]:
    """Identities of the events of returns that Klaviyo has, by name."""
    found = [each["unique_id"] for each in shop.received if each["metric"].startswith("Return")]
    return sorted(found)


def test_loop_tells_of_a_return_of_an_order(world: World, shop: Shop) -> None:
    placed = timezone.now().replace(microsecond=0) - 9 * DAY
    created = load("loop/return_created") | {"created_at": (placed + DAY).isoformat()}
    assert shop.post("loop", created).status_code == 202
    assert shop.post("loop", created).json() == {"status": "duplicate"}
    world.work()
    assert Return.objects.get().waits_for == "order"
    assert "waits for its order" in shop.messages.get().note

    shop.shopify("orders/create", shopify_order(ORDER, at=placed, lines=LINES))
    world.work()

    whole = shop.one(CREATED)
    assert whole["properties"] == {
        "ReturnId": "18200451",
        "OrderRef": "#1001",
        "NewOrderRef": "#1044",
        "Delivery": "label",
        "Quantity": 2,
    }
    assert (whole["unique_id"], whole["value"], whole["value_currency"]) == ("return:18200451", 126.56, "USD")
    items = [each for each in shop.received if each["metric"] == ITEM]
    assert {each["unique_id"]: (each["value"], each["properties"].get("Type")) for each in items} == {
        "return:18200451:item:7001": (94.87, "exchange"),
        "return:18200451:item:7002": (31.69, "refund"),
    }

    edited = {"edited_at": (placed + 3 * DAY).isoformat(), "trigger": "return.updated", "label_status": "delivered"}
    shop.post("loop", created | edited)
    closed = {"edited_at": (placed + 4 * DAY).isoformat(), "trigger": "return.closed", "state": "closed"}
    shop.post("loop", created | edited | closed)
    world.work()

    told = ["approved", "closed", "in_transit", "item:7001", "item:7002", "received", "refunded"]
    assert of_returns(shop) == ["return:18200451", *(f"return:18200451:{each}" for each in told)]
    assert shop.states.keys() == {"sent"}
    assert objections_to(shop.events) == []


def test_shopify_tells_of_a_return_by_ids_only(world: World, shop: Shop) -> None:
    placed = timezone.now().replace(microsecond=0) - 9 * DAY
    for topic in ("returns/request", "returns/approve"):
        shop.shopify(topic, load("shopify/return"))
    shop.shopify("returns/close", {"id": 945000123, "order_id": ORDER, "status": "closed"})
    world.work()
    assert of_returns(shop) == []

    shop.shopify("orders/create", shopify_order(ORDER, at=placed, lines=LINES))
    refund: dict[str, Any] = {"id": 9, "order_id": ORDER, "created_at": (placed + DAY).isoformat()}
    shop.shopify("refunds/create", refund | {"return": {"id": 945000123}})
    world.work()

    whole = shop.one(CREATED)
    assert (whole["value"], whole["value_currency"], whole["properties"]["Quantity"]) == (59.85, "USD", 3)
    items = {each["unique_id"]: each for each in shop.received if each["metric"] == ITEM}
    jumper = items["return:945000123:item:677614677"]
    assert jumper["properties"] == {
        "ReturnId": "945000123",
        "OrderRef": "#1001",
        "SKU": "SKU-466157049",
        "ProductName": "Wool jumper",
        "Quantity": 1,
    }
    assert (jumper["value"], len(items)) == (19.95, 2)
    assert {each.rsplit(":", 1)[1] for each in of_returns(shop)} > {"approved", "closed", "refunded"}
    profiles = {each["email"]: each for each in world.sandbox.profiles(shop.public_key)}
    assert profiles["ann@shopper.example"]["properties"]["LastReturnId"] == "945000123"
    assert objections_to(shop.events) == []


def test_a_client_and_loop_tell_of_the_same_return(world: World, shop: Shop) -> None:
    placed = timezone.now().replace(microsecond=0) - 5 * DAY
    api: Rest = rest(shop.merchant)
    shop.shopify("orders/create", shopify_order(ORDER, at=placed, lines=LINES))
    world.work()
    body = {"external_id": "18200451", "order_external_id": str(ORDER), "created_at": (placed + DAY).isoformat()}
    item = {"external_id": "51", "line_external_id": str(LINES[0][0]), "type": "exchange", "quantity": 1}
    assert api.post("returns", body | {"items": [item], "coverage": "covered"}).status_code == 201
    shop.post("loop", loop_return(at=placed + DAY, items=[(51, LINES[0][0], "exchange")]))
    world.work()

    assert (shop.names[CREATED], shop.names[ITEM]) == (1, 1)
    assert shop.one(CREATED)["properties"]["Coverage"] == "covered"


@pytest.mark.slow
def test_a_return_of_five_hundred_items(world: World, shop: Shop, tmp_path: Path) -> None:
    """Told from a file, before its order."""
    placed = timezone.now().replace(microsecond=0) - 2 * DAY
    lines = [(1000 + number, f"Thing {number}", 1) for number in range(500)]
    items = [(5000 + number, 1000 + number, 1) for number in range(500)]
    file = tmp_path / "returns.ndjson"
    file.write_text(json.dumps(shopify_return(7, ORDER, items=items)) + "\n")
    options = {"merchant": shop.merchant.public_id, "source": "shopify", "topic": "returns/request"}
    call_command("ingest", str(file), **options, stdout=io.StringIO(), stderr=io.StringIO())
    world.work()
    shop.shopify("orders/create", shopify_order(ORDER, at=placed, lines=lines))
    world.work(seconds=60)

    found = [each for each in shop.received if each["metric"] == ITEM]
    assert (len(found), len({each["unique_id"] for each in found})) == (500, 500)
    assert {(each["value"], each["properties"]["Quantity"]) for each in found} == {(19.95, 1)}
    assert shop.one(CREATED)["value"] == pytest.approx(9975.0)
    assert shop.states.keys() == {"sent"}
