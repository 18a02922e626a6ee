"""A CSM connects a merchant to Shopify Flow, beside Klaviyo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from integrations import vitals
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.destinations.shopify_flow.sandbox import FlowSandbox
from integrations.models import AuditEntry, Connection, Delivery, Lane, Merchant
from integrations.onboarding import metrics_of
from tests.support.world import World

from . import rows

DOMAIN = "acme.myshopify.com"
TOKEN = "shpat_sandbox_canary_7788"


@pytest.fixture
def flow(settings: Settings) -> Iterator[FlowSandbox]:
    with FlowSandbox() as sandbox:
        settings.SHOPIFY_BASE_URL = sandbox.url
        yield sandbox


@pytest.fixture
def merchant(klaviyo: Sandbox, db: Any) -> Merchant:
    merchant = World(klaviyo, "http://site.invalid").shop().merchant
    merchant.shop_domains.create(merchant=merchant, domain=DOMAIN)
    return merchant


def post(csm: Client, merchant: Merchant, **changes: Any) -> str:
    given = {"address": DOMAIN, "key": f" {TOKEN} ", "packs": ["order_status"], **changes}
    path = f"/admin/integrations/merchant/{merchant.pk}/connect/shopify_flow/"
    return csm.post(path, given, follow=True).content.decode()


def test_connecting_checks_the_token_and_makes_everything(csm: Client, merchant: Merchant, flow: FlowSandbox) -> None:
    before = csm.get(f"/admin/integrations/merchant/{merchant.pk}/change/").content.decode()
    path = f"/admin/integrations/merchant/{merchant.pk}/connect/shopify_flow/"
    assert (path in before, "Check and connect" in csm.get(path).content.decode()) == (True, True)

    page = post(csm, merchant)
    made = Connection.objects.for_merchant(merchant).get(kind="shopify_flow")

    assert (made.secret.reveal(), made.address, made.account_name, made.state) == (TOKEN, DOMAIN, "Acme", "active")
    assert (made.enabled_metrics, made.launched_at is not None) == (metrics_of(["order_status"]), True)
    assert Lane.objects.filter(connection=made).exists()
    assert ("Connected: Acme." in page, "Shopify Flow" in page, TOKEN in page, path in page) == (
        True,
        True,
        False,
        False,
    )
    assert AuditEntry.objects.for_merchant(merchant).get(what="connected Shopify Flow").details == ["Acme"]
    assert csm.get(path).status_code == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": "shpat_wrong"}, "Shopify does not know the token."),
        ({"key": "pk_of_klaviyo"}, "This is no access token of Shopify"),
        ({"key": ""}, "This field is required."),
        ({"address": "other.myshopify.com"}, "Select a valid choice."),
        ({"packs": []}, "Choose at least one pack or metric"),
        ({"packs": ["custom"]}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(
    csm: Client, merchant: Merchant, flow: FlowSandbox, changes: dict[str, Any], words: str
) -> None:
    page = post(csm, merchant, **changes)

    assert (words in page, "shpat_wrong" in page) == (True, False)
    assert [each.kind for each in Connection.objects.for_merchant(merchant)] == ["klaviyo"]


def test_shop_of_another_merchant_is_refused(csm: Client, merchant: Merchant, flow: FlowSandbox) -> None:
    post(csm, merchant)
    other = rows.merchant("Other")
    merchant.shop_domains.filter(domain=DOMAIN).update(merchant=other)

    assert "in one account their shoppers are mixed" in post(csm, other)


def test_shopify_that_does_not_answer_stores_nothing(csm: Client, merchant: Merchant, settings: Settings) -> None:
    settings.SHOPIFY_BASE_URL = "http://127.0.0.1:9"

    assert "The key could not be checked, and nothing was stored." in post(csm, merchant)
    assert not Connection.objects.for_merchant(merchant).filter(kind="shopify_flow").exists()


def test_the_connections_page_asks_for_nothing_that_flow_cannot_do(
    csm: Client, merchant: Merchant, flow: FlowSandbox
) -> None:
    post(csm, merchant)
    made = Connection.objects.for_merchant(merchant).get(kind="shopify_flow")
    path = f"/admin/integrations/connection/{made.pk}/change/"
    page = csm.get(path).content.decode()
    assert ("New access token" in page, 'name="backfill_days"' in page, 'name="marketing_list_id"' in page) == (
        True,
        False,
        False,
    )

    csm.post(path, {"metrics": ["order_shipped"], "freshness_hours": "5"})
    made.refresh_from_db()
    assert (made.enabled_metrics, made.freshness_hours, made.backfill_days) == (["order_shipped"], 5, 0)


def test_vitals_are_of_all_connections(csm: Client, merchant: Merchant, flow: FlowSandbox) -> None:
    post(csm, merchant)
    klaviyo, made = Connection.objects.for_merchant(merchant).order_by("pk")
    event = rows.event(merchant)
    for number, connection in enumerate((klaviyo, made)):
        Delivery.objects.create(
            merchant=merchant,
            event=event,
            connection=connection,
            not_before=rows.AT,
            window_at=rows.AT,
            created_at=rows.AT.replace(minute=10 - number),
        )
    Connection.objects.filter(pk=made.pk).update(state="paused_auth")
    found = vitals.of(merchant, at=rows.AT)

    assert (found.backlog, found.oldest_waiting_at) == (2, rows.AT.replace(minute=9))
    assert vitals.concerns(found, at=rows.AT)[0].text == "Shopify Flow: the key is refused"
