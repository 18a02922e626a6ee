"""The Klaviyo account: a broken key is seen, replaced by an owner, and what failed is sent again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations import connecting, connections
from integrations.audit import Actor
from integrations.connecting import Wish
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.destinations.shopify_flow.sandbox import FlowSandbox
from integrations.models import AuditEntry, Connection, Delivery, Merchant
from tests.support.world import Shop, World

from .conftest import SignIn
from .test_events import record


@pytest.fixture
def klaviyo(settings: Settings, db: Any) -> Iterator[Sandbox]:
    with Sandbox(limit_scale=None) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        yield sandbox


@pytest.fixture
def shop(klaviyo: Sandbox) -> Shop:
    return World(klaviyo, "http://site.invalid").shop()


@pytest.fixture
def merchant(shop: Shop) -> Merchant:
    """The people of the other fixtures are this shop's."""
    return shop.merchant


def test_a_new_key_is_checked_live_and_lets_everything_go(
    klaviyo: Sandbox, shop: Shop, merchant: Merchant, sign_in: SignIn
) -> None:
    client, path = sign_in("owner"), f"/m/{merchant.public_id}/connection/"
    connections.pause(shop.connection, "auth", detail="refused", at=timezone.now())
    assert "Klaviyo does not accept the key any more." in client.get(path).content.decode()

    wrong = client.post(path, {"key": "a-wrong-canary-key"}).content.decode()
    assert ("a-wrong-canary-key" in wrong, "This is no private key of Klaviyo" in wrong) == (False, True)

    klaviyo.add_account("pk_sandbox_new_key", public_key=shop.public_key)
    right = client.post(path, {"key": " pk_sandbox_new_key "}, follow=True).content.decode()
    assert ("The key works." in right, "pk_sandbox_new_key" in right) == (True, False)
    assert Connection.objects.get(pk=shop.connection.pk).state == "active"
    assert AuditEntry.objects.get().details == ["it ends in …_key"]


def test_a_key_of_another_account_is_refused(klaviyo: Sandbox, shop: Shop, merchant: Merchant, sign_in: SignIn) -> None:
    klaviyo.add_account("pk_sandbox_other", public_key="Other1")
    page = sign_in("owner").post(f"/m/{merchant.public_id}/connection/", {"key": "pk_sandbox_other"}).content.decode()

    assert "belongs to another Klaviyo account" in page
    assert Connection.objects.get(pk=shop.connection.pk).secret.reveal() == shop.key


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_an_owner_changes_the_key(shop: Shop, merchant: Merchant, sign_in: SignIn, role: str) -> None:
    client, path = sign_in(role), f"/m/{merchant.public_id}/connection/"
    client.post(path, {"key": "pk_sandbox_new_key"})

    assert Connection.objects.get(pk=shop.connection.pk).secret.reveal() == shop.key
    assert 'name="key"' not in client.get(path).content.decode()


def test_what_failed_is_offered_with_its_count_and_sent_again(shop: Shop, merchant: Merchant, sign_in: SignIn) -> None:
    for number in range(3):
        record(merchant, shop.connection, number)
    Delivery.objects.update(state="dead", reason="exhausted")
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/connection/"
    assert "Send 3 again" in client.get(path).content.decode()

    page = client.post(f"{path}send-failed/", follow=True).content.decode()

    assert "3 events are on their way again." in page
    assert shop.states == {"pending": 3}
    entry = AuditEntry.objects.get()
    assert (entry.what, entry.details) == ("sent what failed again", ["Klaviyo", "deliveries: 3"])


def test_a_viewer_sends_nothing_again(shop: Shop, merchant: Merchant, sign_in: SignIn) -> None:
    record(merchant, shop.connection, 1)
    Delivery.objects.update(state="dead")
    client, path = sign_in("viewer"), f"/m/{merchant.public_id}/connection/"

    assert "Send 1 again" not in client.get(path).content.decode()
    assert client.post(f"{path}send-failed/").status_code == 403
    assert shop.states == {"dead": 1}


@pytest.fixture
def flow(settings: Settings, merchant: Merchant) -> Iterator[Connection]:
    """The shop's connection to Shopify Flow."""
    with FlowSandbox() as sandbox:
        settings.SHOPIFY_BASE_URL = sandbox.url
        wish = Wish(
            kind="shopify_flow",
            key="shpat_sandbox_first",
            metrics=["order_shipped"],
            address=merchant.shop_domains.get().domain,
        )
        connection, _ = connecting.add(merchant, wish, by=Actor(label="test"), at=timezone.now())
        sandbox.add_shop(connection.address, "shpat_sandbox_second")
        yield connection


def test_each_connection_has_its_page_and_says_what_its_destination_can_do(
    shop: Shop, merchant: Merchant, flow: Connection, sign_in: SignIn
) -> None:
    client, path = sign_in("owner"), f"/m/{merchant.public_id}/connection/"
    record(merchant, flow, 1)
    Delivery.objects.update(state="expired", reason="uncertain")
    first, second = client.get(path).content.decode(), client.get(f"{path}shopify_flow/").content.decode()
    assert ("<h1>Klaviyo</h1>" in first, "Shopify Flow" in first, "Send 1 again" in first) == (True, True, False)
    assert ("<h1>Shopify Flow</h1>" in second, flow.address in second, "knows no repeats" in second) == (True,) * 3
    assert client.get(f"{path}postbox/").status_code == 404

    page = client.post(f"{path}shopify_flow/", {"key": "shpat_sandbox_second"}, follow=True).content.decode()
    assert ("The key works." in page, "shpat_sandbox_second" in page) == (True, False)
    page = client.post(f"{path}shopify_flow/send-failed/", follow=True).content.decode()
    assert ("1 event is on its way again." in page, "ignores" in page) == (True, False)


def test_metrics_are_chosen_for_each_connection(
    shop: Shop, merchant: Merchant, flow: Connection, sign_in: SignIn
) -> None:
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/metrics/"
    page = client.get(f"{path}shopify_flow/").content.decode()
    assert ("marketing_list_id" in page, "is not sent. 1 to 720." in page) == (False, True)

    given = {"metrics": ["order_delivered"], "freshness_hours": "24", "metric_prefix": "Tidings"}
    client.post(f"{path}shopify_flow/", given)
    shop.connection.refresh_from_db()
    flow.refresh_from_db()
    assert (flow.enabled_metrics, flow.freshness_hours) == (["order_delivered"], 24)
    assert len(shop.connection.enabled_metrics) > 1
