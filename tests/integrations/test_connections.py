"""Connections: paused and resumed, and whether their key still works."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from integrations import connections
from integrations.destinations.base import Unavailable
from integrations.destinations.klaviyo.sandbox import ALL_SCOPES, Sandbox
from integrations.fields import Sealed
from integrations.models import Connection, Lane, Merchant

KEY = "pk_sandbox_alba_0123456789"
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    """Klaviyo, with one account and without limits."""
    with Sandbox(open_accounts=False, limit_scale=None) as running:
        settings.KLAVIYO_BASE_URL = running.url
        running.add_account(KEY, public_key="ALBA01", name="Alba Ltd")
        yield running


@pytest.fixture
def connection(db: None) -> Connection:
    """A merchant's connection with its lane."""
    return make_connection("Alba", KEY)


def make_connection(name: str, key: str, **more: Any) -> Connection:
    """A connection with its lane."""
    merchant = Merchant.objects.create(name=name)
    given = {"enabled_metrics": ["order_shipped", "shipment_created", "gone"], "state_since": AT - HOUR}
    connection = Connection.objects.create(merchant=merchant, secret=Sealed.of(key), **{**given, **more})
    Lane.objects.create(merchant=merchant, connection=connection)
    return connection


@pytest.mark.parametrize(
    ("reason", "state"), [("auth", "paused_auth"), ("scope", "paused_scope"), ("operator", "paused_operator")]
)
def test_pausing_says_why_and_since_when(connection: Connection, reason: str, state: str) -> None:
    assert connections.pause(connection, reason, detail="x" * 400, at=AT)

    connection.refresh_from_db()
    assert (connection.state, connection.state_detail, connection.state_since) == (state, "x" * 300, AT)


def test_the_first_reason_to_pause_stays(connection: Connection) -> None:
    connections.pause(connection, "operator", detail="holiday", at=AT)

    assert not connections.pause(connection, "auth", detail="refused", at=AT + HOUR)

    connection.refresh_from_db()
    assert (connection.state, connection.state_detail) == ("paused_operator", "holiday")


def test_resuming_forgets_what_blocked_the_lane(connection: Connection) -> None:
    connections.pause(connection, "scope", detail="lacks events:write", at=AT)
    Lane.objects.update(blocked_until=AT + HOUR, blocked_reason="no answer", failures=7, opened=3)

    connections.resume(connection, at=AT + HOUR)

    lane = Lane.objects.get()
    assert (connection.state, connection.state_detail, connection.state_since) == ("active", "", AT + HOUR)
    assert (lane.blocked_until, lane.blocked_reason, lane.failures, lane.opened) == (None, "", 0, 0)


def test_names_at_the_destination_leave_out_metrics_that_are_gone(connection: Connection) -> None:
    assert connections.metric_names(connection) == ["Order shipped", "Tidings: ShipmentCreated"]


def test_a_check_keeps_what_the_destination_says(sandbox: Sandbox, connection: Connection) -> None:
    account = connections.check(connection, at=AT)

    connection.refresh_from_db()
    assert account
    assert (connection.account_id, connection.account_name, connection.checked_at) == ("ALBA01", "Alba Ltd", AT)
    assert (connection.state, connection.state_since, connection.missing_scopes) == ("active", AT - HOUR, [])


def test_a_refused_key_pauses_and_loses_no_account(
    sandbox: Sandbox, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    connections.check(connection, at=AT)
    sandbox.revoke_key(KEY)

    assert connections.check(connection, at=AT + HOUR) is None

    connection.refresh_from_db()
    assert (connection.state, connection.account_name, connection.checked_at) == ("paused_auth", "Alba Ltd", AT + HOUR)
    assert connection.state_detail
    assert KEY not in connection.state_detail + caplog.text


def test_a_key_that_cannot_be_opened_pauses(connection: Connection, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    assert connections.check(connection, at=AT) is None

    connection.refresh_from_db()
    assert (connection.state, "TIDINGS_ENCRYPTION_KEYS" in connection.state_detail) == ("paused_auth", True)


def test_no_answer_changes_nothing(sandbox: Sandbox, connection: Connection) -> None:
    sandbox.fault("server_error")

    with pytest.raises(Unavailable):
        connections.check(connection, at=AT)

    connection.refresh_from_db()
    assert (connection.state, connection.checked_at) == ("active", None)


@pytest.mark.parametrize(
    ("reason", "scopes", "state"),
    [
        ("auth", ALL_SCOPES, "active"),
        ("scope", ALL_SCOPES, "active"),
        ("scope", ALL_SCOPES - {"events:write"}, "paused_scope"),
        ("operator", ALL_SCOPES, "paused_operator"),
    ],
)
def test_a_key_that_works_resumes_only_what_the_key_had_paused(
    sandbox: Sandbox, connection: Connection, reason: str, scopes: frozenset[str], state: str
) -> None:
    sandbox.add_account("pk_sandbox_scopes_1", scopes=scopes)
    Connection.objects.update(secret=Sealed.of("pk_sandbox_scopes_1"))
    connection.refresh_from_db()
    connections.pause(connection, reason, detail="", at=AT)

    connections.check(connection, at=AT + HOUR)

    connection.refresh_from_db()
    assert connection.state == state


def test_paused_keys_are_tried_and_one_that_fails_stops_no_other(
    sandbox: Sandbox, connection: Connection, settings: Any
) -> None:
    broken = make_connection("Bora", "pk_sandbox_unknown_1", state="paused_auth")
    by_a_person = make_connection("Cava", KEY, state="paused_operator")
    connections.pause(connection, "auth", detail="", at=AT)

    assert connections.check_paused(at=AT + HOUR) == 1

    states = dict(Connection.objects.values_list("pk", "state"))
    assert states == {connection.pk: "active", broken.pk: "paused_auth", by_a_person.pk: "paused_operator"}


def test_paused_keys_stay_paused_while_nobody_answers(sandbox: Sandbox, connection: Connection) -> None:
    connections.pause(connection, "auth", detail="", at=AT)
    sandbox.fault("reset_before")

    assert connections.check_paused(at=AT + HOUR) == 0
    assert Connection.objects.get().state == "paused_auth"


def test_the_defaults_are_looked_up_before_they_are_made(sandbox: Sandbox, connection: Connection) -> None:
    for _ in range(2):
        connections.ensure_defaults(connection)

    (made,) = sandbox.lists("ALBA01")
    assert (connection.list_id, made["profiles"]) == (made["id"], [connection.default_profile_id])
    (profile,) = sandbox.profiles("ALBA01")
    assert profile["email"] == f"{connection.merchant.public_id.replace('_', '-')}@example.com"
