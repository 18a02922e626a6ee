"""A connection's page: a new key is checked before it is stored, and is never shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.catalog import catalog
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Connection, Delivery, Merchant

from . import rows

NEW_KEY = "pk_sandbox_new_canary_4711"


@pytest.fixture
def connection(merchant: Merchant, klaviyo: Sandbox) -> Connection:
    """A connection whose account is the sandbox's for its key."""
    klaviyo.add_account(rows.KEY, public_key="AcC123")
    found: Connection = merchant.connections.get()
    found.enabled_metrics = [each.key for each in catalog.in_pack("order_tracking")]
    found.launch_at = datetime(2026, 10, 1, 12, 0, 33, tzinfo=UTC)
    found.save()
    return found


def filled(connection: Connection, **changes: Any) -> dict[str, Any]:
    """The form as it is shown, with changes."""
    return {
        "metrics": connection.enabled_metrics,
        "launch_date": "2026-10-01",
        "launch_time": "12:00",
        "backfill_days": str(connection.backfill_days),
        "freshness_hours": str(connection.freshness_hours),
        **changes,
    }


def post(client: Client, connection: Connection, **changes: Any) -> Any:
    address = reverse("admin:integrations_connection_change", args=[connection.pk])
    answer = client.post(address, filled(connection, **changes), follow=True)
    connection.refresh_from_db()
    return answer


def test_page_shows_the_last_four_characters_only(csm: Client, connection: Connection) -> None:
    page = csm.get(reverse("admin:integrations_connection_change", args=[connection.pk])).content.decode()

    assert (rows.KEY in page, "…6789" in page) == (False, True)


def test_saving_without_changes_changes_nothing(csm: Client, connection: Connection) -> None:
    settled = ("launch_at", "launched_at", "backfill_days", "freshness_hours", "enabled_metrics", "secret_last4")
    before = Connection.objects.values(*settled).get()
    post(csm, connection)

    assert Connection.objects.values(*settled).get() == before


def test_new_key_of_the_same_account_is_stored(csm: Client, connection: Connection, klaviyo: Sandbox) -> None:
    klaviyo.add_account(NEW_KEY, public_key="AcC123")
    answer = post(csm, connection, key=NEW_KEY)

    assert (connection.secret.reveal(), connection.secret_last4) == (NEW_KEY, "4711")
    assert NEW_KEY not in answer.content.decode()


def test_new_key_that_works_resumes_what_the_old_one_paused(
    csm: Client, connection: Connection, klaviyo: Sandbox
) -> None:
    Connection.objects.update(state=Connection.State.PAUSED_KEY)
    klaviyo.add_account(NEW_KEY, public_key="AcC123")
    post(csm, connection, key=NEW_KEY)

    assert connection.state == Connection.State.ACTIVE


def test_wrong_key_leaves_the_old_one(csm: Client, connection: Connection, klaviyo: Sandbox) -> None:
    klaviyo.add_account(NEW_KEY)
    klaviyo.revoke_key(NEW_KEY)
    answer = post(csm, connection, key=NEW_KEY)

    assert answer.context["form"].errors.keys() == {"key"}
    assert connection.secret.reveal() == rows.KEY
    assert NEW_KEY not in answer.content.decode()


def test_key_of_another_account_needs_a_tick(csm: Client, connection: Connection, klaviyo: Sandbox) -> None:
    klaviyo.add_account(NEW_KEY, public_key="OtHeR1", name="Somebody else")
    refused = post(csm, connection, key=NEW_KEY).context["form"].errors["key"][0]
    kept = connection.secret.reveal()
    post(csm, connection, key=NEW_KEY, may_change_account="on")

    assert "This key opens the account Somebody else" in refused
    assert (kept, connection.secret.reveal(), connection.account_name) == (rows.KEY, NEW_KEY, "Somebody else")


def test_metrics_are_turned_off_and_on(csm: Client, connection: Connection) -> None:
    first = catalog.in_pack("order_tracking")[0].key
    post(csm, connection, metrics=[first], packs=["order_status"])

    assert connection.enabled_metrics == [first, *(each.key for each in catalog.in_pack("order_status"))]


def test_launch_in_the_future_holds_what_waits(csm: Client, connection: Connection) -> None:
    waiting = rows.delivery(rows.event(connection.merchant), "pending", attempts=0)
    day = (timezone.now() + timedelta(days=4)).date()
    post(csm, connection, launch_date=day.isoformat(), launch_time="08:00")
    waiting.refresh_from_db()

    assert connection.launch_at == datetime(day.year, day.month, day.day, 8, 0, tzinfo=UTC)
    assert (waiting.state, connection.launched_at) == (Delivery.State.HELD, None)


def test_nothing_chosen_is_a_mistake(csm: Client, connection: Connection) -> None:
    answer = post(csm, connection, metrics=[])

    assert answer.context["form"].errors.keys() == {"metrics"}


def test_pause_and_resume(csm: Client, connection: Connection) -> None:
    csm.post(reverse("admin:integrations_connection_deed", args=[connection.pk, "pause"]))
    paused = Connection.objects.get().state
    csm.post(reverse("admin:integrations_connection_deed", args=[connection.pk, "resume"]))

    assert (paused, Connection.objects.get().state) == (Connection.State.PAUSED_OPERATOR, Connection.State.ACTIVE)


def test_check_key_on_the_page(csm: Client, connection: Connection) -> None:
    address = reverse("admin:integrations_connection_deed", args=[connection.pk, "check"])
    page = csm.post(address, follow=True).content.decode()

    assert "the key works" in page


def test_page_of_no_connection_is_not_found(csm: Client) -> None:
    assert csm.get("/admin/integrations/connection/999/change/").status_code == 404
    assert csm.get("/admin/integrations/connection/x/change/").status_code == 404
