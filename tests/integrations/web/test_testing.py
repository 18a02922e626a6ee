"""Test events on the merchants' page: what was tried, and what Klaviyo said."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import connections, models
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Connection, Merchant
from tests.support.world import Shop

from .conftest import SignIn
from .test_connection import klaviyo, merchant, shop

__all__ = ["klaviyo", "merchant", "shop"]


def test_an_editor_tries_a_metric_and_sees_the_answer(
    klaviyo: Sandbox, shop: Shop, merchant: Merchant, sign_in: SignIn
) -> None:
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/test-events/"
    assert "All 8 that are on" in client.get(path).content.decode()

    given = {"metric": "order_shipped", "email": "eva@alba.example"}
    page = client.post(path, given, follow=True).content.decode()
    assert "Klaviyo accepted the test event for eva@alba.example." in page
    assert [each["metric"] for each in shop.received] == ["Order shipped"]

    page = client.post(path, given | {"metric": ""}, follow=True).content.decode()
    assert "Klaviyo accepted 8 test events for eva@alba.example." in page
    klaviyo.refuse_email("eva@alba.example")
    page = client.post(path, given, follow=True).content.decode()
    assert "Order shipped was not accepted: " in page


def test_why_nothing_was_sent_is_said(shop: Shop, merchant: Merchant, sign_in: SignIn) -> None:
    connections.pause(shop.connection, "auth", detail="refused", at=timezone.now())
    path = f"/m/{merchant.public_id}/test-events/"
    page = sign_in("editor").post(path, {"metric": "", "email": "eva@alba.example"}).content.decode()

    assert "Nothing is sent now: paused: the key is refused." in page


@pytest.mark.parametrize("given", [{"metric": "nosuch"}, {"email": "eva"}, {"email": ""}])
def test_what_cannot_be_is_said(shop: Shop, merchant: Merchant, sign_in: SignIn, given: dict[str, str]) -> None:
    path = f"/m/{merchant.public_id}/test-events/"
    page = sign_in("editor").post(path, {"metric": "order_shipped", "email": "e@a.example"} | given).content.decode()

    assert ('class="error"' in page, models.TestEvent.objects.exists()) == (True, False)


def test_a_viewer_sends_nothing(shop: Shop, merchant: Merchant, sign_in: SignIn) -> None:
    path = f"/m/{merchant.public_id}/test-events/"
    page = sign_in("viewer").post(path, {"metric": "order_shipped", "email": "e@a.example"}).content.decode()

    assert ("Send test events" in page, models.TestEvent.objects.exists()) == (False, False)


def test_samples_on_the_sending_page_cost_no_query(merchant: Merchant, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    Connection.objects.for_merchant(merchant).update(enabled_metrics=["order_shipped"])
    with CaptureQueriesContext(database) as queries:
        page = client.get(f"/m/{merchant.public_id}/metrics/").content.decode()

    assert page.count("<summary>Sample") == 44
    assert len(queries) <= 5
