"""What is sent, from where, and for whom: metrics, sources and tokens as a merchant sets them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations import tokens
from integrations.models import ApiToken, AuditEntry, Connection, Merchant, SourceSecret

from .conftest import SignIn

ON = ["shopify_order_created", "order_shipped"]


@pytest.fixture
def connection(merchant: Merchant) -> Connection:
    at = timezone.now() - timedelta(days=1)
    return Connection.objects.create(merchant=merchant, enabled_metrics=ON, launch_at=at, launched_at=at)


def given(**values: Any) -> dict[str, Any]:
    return {"metrics": ON, "freshness_hours": "72", "metric_prefix": "Tidings"} | values


def test_metrics_are_turned_on_and_off_and_written_down(
    merchant: Merchant, connection: Connection, sign_in: SignIn
) -> None:
    path = f"/m/{merchant.public_id}/metrics/"
    changed = given(metrics=["order_delivered", "order_shipped"], freshness_hours="48", metric_prefix="Malomo")
    page = sign_in("editor").post(path, changed, follow=True).content.decode()

    connection.refresh_from_db()
    merchant.refresh_from_db()
    assert "It holds for what happens from now on." in page
    assert connection.enabled_metrics == ["order_shipped", "order_delivered"]
    assert (connection.freshness_hours, merchant.metric_prefix) == (48, "Malomo")
    assert AuditEntry.objects.get().details == [
        "on: Order delivered",
        "off: Tidings: ShopifyOrderCreated",
        "freshness: 72 h → 48 h",
        "prefix: Tidings → Malomo",
    ]


def test_the_list_that_sign_ups_join_is_set_and_taken_away(
    merchant: Merchant, connection: Connection, sign_in: SignIn
) -> None:
    editor, path = sign_in("editor"), f"/m/{merchant.public_id}/metrics/"
    for list_id in ("Y6nRLr", ""):
        editor.post(path, given(marketing_list_id=list_id))
        connection.refresh_from_db()
        assert connection.marketing_list_id == list_id

    details = [each.details for each in AuditEntry.objects.order_by("pk")]
    assert details == [["list of sign-ups: none → Y6nRLr"], ["list of sign-ups: Y6nRLr → none"]]


def test_a_form_that_changes_nothing_writes_nothing(
    merchant: Merchant, connection: Connection, sign_in: SignIn
) -> None:
    sign_in("editor").post(f"/m/{merchant.public_id}/metrics/", given())

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "values",
    [
        {"metrics": []},
        {"metrics": ["nosuch"]},
        {"freshness_hours": "0"},
        {"freshness_hours": "721"},
        {"freshness_hours": "soon"},
        {"metric_prefix": "a:b"},
        {"metric_prefix": "{x}"},
        {"metric_prefix": ""},
        {"marketing_list_id": "Y6n RLr"},
        {"marketing_list_id": "https://www.klaviyo.com/list/Y6nRLr"},
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_changed(
    merchant: Merchant, connection: Connection, sign_in: SignIn, values: dict[str, Any]
) -> None:
    page = sign_in("editor").post(f"/m/{merchant.public_id}/metrics/", given(**values)).content.decode()

    connection.refresh_from_db()
    assert 'role="alert"' in page
    assert (connection.enabled_metrics, connection.freshness_hours) == (ON, 72)


def test_a_viewer_changes_nothing(merchant: Merchant, connection: Connection, sign_in: SignIn) -> None:
    client, at = sign_in("viewer"), f"/m/{merchant.public_id}/"
    client.post(f"{at}metrics/", given(metrics=["order_cancelled"]))
    client.post(f"{at}tokens/", {"name": "x", "scopes": ["events:read"]})

    connection.refresh_from_db()
    assert (connection.enabled_metrics, ApiToken.objects.count()) == (ON, 0)
    assert client.post(f"{at}sources/shopify/secret/", {"secret": "mine"}).status_code == 403


def test_a_secret_is_written_and_never_shown(merchant: Merchant, sign_in: SignIn) -> None:
    client, at = sign_in("owner"), f"/m/{merchant.public_id}/sources/"
    page = client.post(f"{at}shopify/secret/", {"secret": " a-canary-secret "}, follow=True).content.decode()

    assert ("a-canary-secret" in page, "…cret" in page) == (False, True)
    assert SourceSecret.objects.get().current.reveal() == "a-canary-secret"
    assert AuditEntry.objects.get().details == ["Shopify: it ends in …cret"]


def test_a_secret_that_is_made_here_is_shown_once(merchant: Merchant, sign_in: SignIn) -> None:
    client, at = sign_in("owner"), f"/m/{merchant.public_id}/sources/"
    answer = client.post(f"{at}easypost/secret/")
    made = SourceSecret.objects.get().current.reveal()

    assert made in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert made not in client.get(at).content.decode()


def test_an_unknown_source_does_not_exist(merchant: Merchant, sign_in: SignIn) -> None:
    assert sign_in("owner").post(f"/m/{merchant.public_id}/sources/nosuch/secret/").status_code == 404


def test_a_token_is_shown_once_works_and_is_revoked(merchant: Merchant, sign_in: SignIn) -> None:
    client, at = sign_in("owner"), f"/m/{merchant.public_id}/tokens/"
    page = client.post(at, {"name": "warehouse", "scopes": ["events:read"]}).content.decode()
    (token,) = re.findall(r"tdg_live_\w+", page)
    assert tokens.find(token, at=timezone.now()) is not None
    assert token not in client.get(at).content.decode()

    client.post(f"{at}{ApiToken.objects.get().pk}/revoke/")
    assert tokens.find(token, at=timezone.now()) is None
    assert list(AuditEntry.objects.order_by("id").values_list("what", flat=True)) == [
        "made an API token",
        "revoked an API token",
    ]


@pytest.mark.parametrize(
    "values", [{"name": "", "scopes": ["events:read"]}, {"name": "x"}, {"name": "x", "scopes": ["all"]}]
)
def test_a_token_needs_a_name_and_known_scopes(merchant: Merchant, sign_in: SignIn, values: dict[str, Any]) -> None:
    page = sign_in("owner").post(f"/m/{merchant.public_id}/tokens/", values).content.decode()

    assert ('class="error"' in page, ApiToken.objects.count()) == (True, 0)


def test_another_merchants_token_is_out_of_reach(merchant: Merchant, sign_in: SignIn) -> None:
    theirs, _ = tokens.create(Merchant.objects.create(name="Birch"), "x", ["events:read"], at=timezone.now())
    answer = sign_in("owner").post(f"/m/{merchant.public_id}/tokens/{theirs.pk}/revoke/")

    theirs.refresh_from_db()
    assert (answer.status_code, theirs.revoked_at) == (404, None)
