"""What goes over the wire to a shop, and what never does."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
import requests
from django.core.management import CommandError, call_command
from django.utils import timezone

from integrations.destinations.base import ConnectionPaused, Profile, Unavailable
from integrations.destinations.shopify_flow.client import FlowSession
from integrations.destinations.shopify_flow.destination import ShopifyFlow
from integrations.destinations.shopify_flow.sandbox import FlowSandbox
from tests.integrations.klaviyo.examples import parcel
from tests.integrations.klaviyo.wire import answers, served

SHOP, TOKEN = "acme.myshopify.com", "shpat_sandbox_client"
TAKEN = answers("200 OK", body=b'{"data": {"flowTriggerReceive": {"userErrors": []}}}')
ITEM = parcel(profile=Profile(email="ann@shopper.example", external_id="4711"), metric="order_delivered")


def session_to(url: str, *, token: str = TOKEN, shop: str = SHOP) -> FlowSession:
    return FlowSession(token, shop, base_url=url, version="2026-04")


def test_a_request_is_the_mutation_with_the_token_in_its_header() -> None:
    with served(TAKEN) as wire, closing(session_to(wire.url)) as session:
        session.send_one(ITEM)
    head, _, body = wire.requests[0].partition(b"\r\n\r\n")
    sent = json.loads(body)

    assert head.startswith(b"POST /acme.myshopify.com/admin/api/2026-04/graphql.json HTTP/1.1\r\n")
    assert f"X-Shopify-Access-Token: {TOKEN}".encode() in head
    assert sent["query"].startswith("mutation flowTriggerReceive($handle: String, $payload: JSON)")
    assert (sent["variables"]["handle"], sent["variables"]["payload"]["customer_id"]) == ("order-delivered", 4711)


@pytest.mark.parametrize(
    "shop",
    [
        "",
        "acme.example.com",
        "myshopify.com",
        "acme.myshopify.com.evil.example",
        "evil.example/acme.myshopify.com",
        "evil.example#.myshopify.com",
        "user@acme.myshopify.com",
        "acme.myshopify.com:8443",
        "ACME.myshopify.com\n",
        "127.0.0.1",
    ],
)
def test_a_token_goes_to_no_host_but_a_shops(shop: str) -> None:
    with served(TAKEN) as wire:
        session = session_to(wire.url, shop=shop)
        with closing(session), pytest.raises(ConnectionPaused, match="goes to no other host"):
            session.send_one(ITEM)

        assert wire.connections == 0


@pytest.mark.parametrize("token", ["", "pk_0123", "shpat_", "shpat_a b", "shpat_a\r\nX-Evil: 1", "SHPAT_abc"])
def test_what_is_no_token_is_never_sent(token: str) -> None:
    with served(TAKEN) as wire:
        session = session_to(wire.url, token=token)
        with closing(session), pytest.raises(ConnectionPaused) as caught:
            session.send_one(ITEM)

    assert (wire.connections, caught.value.reason, "abc" in caught.value.detail) == (0, "auth", False)


def test_no_connection_is_no_doubt() -> None:
    with closing(session_to("http://127.0.0.1:9")) as session, pytest.raises(Unavailable) as caught:
        session.send_one(ITEM)

    assert (caught.value.ambiguous, caught.value.detail) == (False, "No connection to Shopify.")


def test_people_see_the_request_without_the_token() -> None:
    shown = ShopifyFlow().request(ITEM, SHOP)

    assert shown.startswith(f"POST https://{SHOP}/admin/api/2026-04/graphql.json\nflowTriggerReceive\n\n{{")
    assert '"handle": "order-delivered"' in shown


def test_only_the_payload_of_a_known_shopper_is_without_problems() -> None:
    flow, at = ShopifyFlow(), timezone.now()

    assert flow.problems(ITEM, at=at) == []
    assert flow.problems(parcel(), at=at) == ["customer_id: the shopper has no customer number in Shopify"]


def test_the_sandbox_refuses_what_shopify_refuses_and_shows_what_it_took() -> None:
    def post(payload: object, *, handle: str = "points-added") -> object:
        query = "mutation x { flowTriggerReceive { userErrors { message } } }"
        body = {"query": query, "variables": {"handle": handle, "payload": payload}}
        answer = requests.post(
            f"{sandbox.url}/{SHOP}/admin/api/2026-04/graphql.json",
            json=body,
            headers={"X-Shopify-Access-Token": TOKEN},
            timeout=5,
        )
        return [each["message"] for each in answer.json()["data"]["flowTriggerReceive"]["userErrors"]]

    with FlowSandbox() as sandbox:
        sandbox.add_shop(SHOP, TOKEN, triggers=["points-added"])
        assert post({"k": "x" * 49_988}) == []
        assert post({"k": "x" * 50_001}) == [
            "Errors validating schema:\n  Properties size exceeds the limit of 50000 bytes.\n"
        ]
        assert post({}, handle="x") == ["Errors validating schema:\n  Invalid handle 'x'.\n"]
        assert post(None) == ["`handle` and `payload` arguments are required"]
        page = requests.get(sandbox.url, timeout=5).text

    assert ("1 triggers accepted, 3 not" in page, "points-added" in page) == (True, True)


def test_the_sandbox_is_for_development_only() -> None:
    with pytest.raises(CommandError, match="only with DEBUG"):
        call_command("shopify_flow_sandbox", port=0)
