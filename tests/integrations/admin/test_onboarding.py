"""Taking on a merchant, against a Klaviyo on a real socket."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from integrations.destinations.klaviyo.sandbox import ALL_SCOPES, Sandbox
from integrations.models import Connection, Merchant, SourceSecret

from . import rows

ONBOARD = "/admin/integrations/merchant/onboard/"
KEY = "pk_sandbox_canary_key_5522"
SECRET = "canary-webhook-secret-9911"


def filled(**changes: Any) -> dict[str, Any]:
    """The form as a CSM fills it in."""
    return {
        "name": "Acme Outdoor",
        "shop_domains": "Acme.myshopify.com, acme-eu.myshopify.com",
        "timezone": "Europe/Berlin",
        "currency": "eur",
        "metric_prefix": "Tidings",
        "klaviyo_key": KEY,
        "source_shopify": "on",
        "secret_shopify": SECRET,
        "source_easypost": "on",
        "packs": ["order_tracking"],
        "backfill_days": "7",
        **changes,
    }


def post(client: Client, **changes: Any) -> str:
    return client.post(ONBOARD, filled(**changes), follow=True).content.decode()


def test_good_key_makes_the_merchant_as_told(csm: Client, klaviyo: Sandbox) -> None:
    post(csm)
    merchant = Merchant.objects.get()
    connection = merchant.connections.get()

    assert (merchant.name, merchant.timezone, merchant.currency) == ("Acme Outdoor", "Europe/Berlin", "EUR")
    assert {each.domain for each in merchant.shop_domains.all()} == {"acme.myshopify.com", "acme-eu.myshopify.com"}
    assert (connection.secret.reveal(), connection.backfill_days, bool(connection.launched_at)) == (KEY, 7, True)


def test_packs_and_single_metrics_add_up(csm: Client, klaviyo: Sandbox) -> None:
    from integrations.catalog import catalog

    tracking, status = catalog.turned_on_with("order_tracking"), catalog.in_pack("order_status")
    post(csm, metrics=[status[0].key])

    assert Connection.objects.get().enabled_metrics == [each.key for each in [*tracking, status[0]]]


def test_success_page_shows_account_and_addresses(csm: Client, klaviyo: Sandbox) -> None:
    klaviyo.add_account(KEY, name="Acme at Klaviyo", timezone="Europe/Paris", currency="GBP")
    page = post(csm)
    merchant = Merchant.objects.get()

    for text in ("Acme at Klaviyo", "Europe/Paris", "GBP", klaviyo.accounts()[0]["public_key"]):
        assert text in page
    assert f"/hooks/{merchant.public_id}/shopify/" in page
    assert f"/hooks/{merchant.public_id}/easypost/" in page


def test_secret_that_was_made_is_shown_once(csm: Client, klaviyo: Sandbox) -> None:
    page = post(csm)
    made = SourceSecret.objects.get(source="easypost").current.reveal()
    again = csm.get(reverse("admin:integrations_merchant_welcome", args=[Merchant.objects.get().pk])).content.decode()

    assert (made in page, made in again) == (True, False)


def test_key_and_given_secret_are_on_no_page(csm: Client, klaviyo: Sandbox) -> None:
    pages = [post(csm)]
    merchant, connection = Merchant.objects.get(), Connection.objects.get()
    names = [
        ("merchant_change", merchant.pk),
        ("merchant_history", merchant.pk),
        ("connection_change", connection.pk),
        ("connection_history", connection.pk),
    ]
    pages += [csm.get(reverse(f"admin:integrations_{name}", args=[pk])).content.decode() for name, pk in names]
    pages += [
        csm.get(reverse(f"admin:integrations_{name}_changelist")).content.decode()
        for name in ("merchant", "connection")
    ]

    assert [KEY in page or SECRET in page for page in pages] == [False] * 7


def test_session_keeps_no_secret_in_the_clear(csm: Client, klaviyo: Sandbox) -> None:
    csm.post(ONBOARD, filled())
    made = SourceSecret.objects.get(source="easypost").current.reveal()

    assert made not in str(dict(csm.session))


def test_missing_scopes_are_told_by_name(csm: Client, klaviyo: Sandbox) -> None:
    klaviyo.add_account(KEY, scopes=ALL_SCOPES - {"metrics:read", "lists:write"})
    page = post(csm)

    assert "The key lacks: metrics:read, lists:write." in page


def test_metric_of_another_integration_is_warned_of(csm: Client, klaviyo: Sandbox) -> None:
    klaviyo.add_account(KEY)
    klaviyo.add_metric(KEY, "Tidings: ShipmentCreated", integration="Malomo", category="shipping")

    assert "from Malomo: shoppers might be mailed twice" in post(csm)


def test_wrong_key_is_an_error_on_its_field(csm: Client, klaviyo: Sandbox) -> None:
    klaviyo.add_account(KEY)
    klaviyo.revoke_key(KEY)
    answer = csm.post(ONBOARD, filled())

    assert answer.context["form"].errors.keys() == {"klaviyo_key"}
    assert "Klaviyo does not accept this key." in answer.content.decode()
    assert not Merchant.objects.exists()


def test_after_an_error_no_secret_is_in_the_form(csm: Client, klaviyo: Sandbox) -> None:
    klaviyo.add_account(KEY)
    klaviyo.revoke_key(KEY)
    page = csm.post(ONBOARD, filled()).content.decode()

    assert (KEY in page, SECRET in page, "Acme Outdoor" in page) == (False, False, True)


def test_klaviyo_out_of_reach_is_told_apart_from_a_wrong_key(csm: Client, settings: Settings) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        settings.KLAVIYO_BASE_URL = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        answer = csm.post(ONBOARD, filled())

    assert answer.context["form"].errors.keys() == {"klaviyo_key"}
    assert "could not be checked, and nothing was stored" in answer.content.decode()
    assert not Merchant.objects.exists()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": ""}),
        ("timezone", {"timezone": "Mars/Olympus"}),
        ("currency", {"currency": "E1R"}),
        ("metric_prefix", {"metric_prefix": "a{b}"}),
        ("shop_domains", {"shop_domains": "not a domain"}),
        ("backfill_days", {"backfill_days": "15"}),
        ("metrics", {"packs": []}),
        ("source_shippo", {"secret_shippo": "given-without-a-tick"}),
        ("launch_date", {"launch_time": "10:00"}),
        ("launch_date", {"launch_date": "2020-01-01"}),
        ("launch_time", {"launch_date": "2027-03-28", "launch_time": "02:30"}),
    ],
)
def test_mistakes_are_noted_without_asking_klaviyo(
    csm: Client, klaviyo: Sandbox, field: str, changes: dict[str, Any]
) -> None:
    answer = csm.post(ONBOARD, filled(**changes))

    assert field in answer.context["form"].errors
    assert klaviyo.requests() == []


def test_shop_of_another_merchant_is_refused(csm: Client, klaviyo: Sandbox) -> None:
    rows.merchant("Acme")
    answer = csm.post(ONBOARD, filled())

    assert answer.context["form"].errors == {"shop_domains": ["acme.myshopify.com belongs to a merchant already."]}


def test_launch_is_in_the_merchant_s_own_time(csm: Client, klaviyo: Sandbox) -> None:
    day = (timezone.now() + timedelta(days=3)).date()
    post(csm, timezone="Asia/Tokyo", launch_date=day.isoformat(), launch_time="09:30")
    connection = Connection.objects.get()

    assert connection.launch_at == datetime(day.year, day.month, day.day, 0, 30, tzinfo=UTC)
    assert connection.launched_at is None


def test_adding_a_merchant_is_taking_one_on(csm: Client) -> None:
    assert csm.get("/admin/integrations/merchant/add/").headers["Location"] == ONBOARD


def test_pages_with_secrets_are_kept_by_no_cache(csm: Client, klaviyo: Sandbox) -> None:
    answer = csm.post(ONBOARD, filled(), follow=True)

    assert "no-store" in answer.headers["Cache-Control"]
