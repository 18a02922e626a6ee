"""The client and the sandbox know nothing of each other: what both take for Klaviyo's contract meets here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.destinations.base import ConnectionPaused, Profile, Rejected, Unavailable, Window
from integrations.destinations.klaviyo.client import KlaviyoSession
from integrations.destinations.klaviyo.destination import Klaviyo
from integrations.destinations.klaviyo.sandbox import ALL_SCOPES, Sandbox

from .examples import BOB, KEY, NOW, REVISION, parcel

PUBLIC_KEY = "TeaHse"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(open_accounts=False, clock=NOW.timestamp) as running:
        running.add_account(KEY, public_key=PUBLIC_KEY, name="Tea House", timezone="Europe/Berlin", currency="EUR")
        yield running


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[KlaviyoSession]:
    with closing(KlaviyoSession(KEY, base_url=sandbox.url, revision=REVISION, read_seconds=5)) as opened:
        yield opened


@pytest.fixture
def klaviyo(sandbox: Sandbox, settings: Any) -> Klaviyo:
    settings.KLAVIYO_BASE_URL = sandbox.url
    return Klaviyo()


def test_a_single_event_is_recorded_as_it_was_meant(sandbox: Sandbox, session: KlaviyoSession) -> None:
    receipt = session.send_one(parcel())
    (event,) = sandbox.events(KEY)
    assert (receipt.status, receipt.windows) == (202, (Window(350, 1), Window(3500, 60)))
    assert receipt.request_id
    assert (event["metric"], event["unique_id"], float(event["value"])) == (
        "Shipment Delivered",
        "shipment-delivered:1Z999",
        19.9,
    )


def test_a_single_event_sent_twice_is_recorded_once(sandbox: Sandbox, session: KlaviyoSession) -> None:
    session.send_one(parcel())
    session.send_one(parcel())
    assert len(sandbox.events(KEY)) == 1


def test_a_bulk_request_is_recorded_whole(sandbox: Sandbox, session: KlaviyoSession) -> None:
    items = [parcel(unique_id=f"u{n}", profile=BOB if n % 3 else parcel().profile) for n in range(1000)]
    assert session.send_bulk(items).status == 202
    assert {event["unique_id"] for event in sandbox.events(KEY)} == {item.unique_id for item in items}


def test_a_bad_event_of_a_bulk_request_is_named(sandbox: Sandbox, session: KlaviyoSession) -> None:
    ancient = parcel(unique_id="old", occurred_at=datetime(1980, 1, 1, tzinfo=UTC))
    with pytest.raises(Rejected) as caught:
        session.send_bulk([parcel(), parcel(unique_id="b", profile=BOB), ancient])
    assert {fault.index for fault in caught.value.faults} == {2}
    assert sandbox.events(KEY) == []


def test_a_bad_profile_of_a_bulk_request_names_all_its_events(sandbox: Sandbox, session: KlaviyoSession) -> None:
    sandbox.refuse_email("bob@example.com")
    items = [parcel(), parcel(unique_id="b", profile=BOB), parcel(unique_id="c"), parcel(unique_id="d", profile=BOB)]
    with pytest.raises(Rejected) as caught:
        session.send_bulk(items)
    assert sorted({fault.index for fault in caught.value.faults}, key=str) == [1, 3]


def test_a_repeated_id_in_a_bulk_request_is_a_duplicate(session: KlaviyoSession) -> None:
    with pytest.raises(Rejected) as caught:
        session.send_bulk([parcel(), parcel(unique_id="b"), parcel()])
    assert {(fault.index, fault.duplicate) for fault in caught.value.faults} == {(2, True)}


def test_a_bad_phone_of_a_profile_without_an_email_is_refused(session: KlaviyoSession) -> None:
    with pytest.raises(Rejected):
        session.send_one(parcel(profile=Profile(phone="123")))


@pytest.mark.parametrize(
    "kind", ["server_error", "bad_gateway", "unavailable", "challenge", "reset_before", "reset_after"]
)
def test_an_outage_is_ambiguous(kind: str, sandbox: Sandbox, session: KlaviyoSession) -> None:
    sandbox.fault(kind)
    with pytest.raises(Unavailable) as caught:
        session.send_one(parcel())
    assert caught.value.ambiguous


def test_a_rate_limit_names_its_wait(sandbox: Sandbox, session: KlaviyoSession) -> None:
    sandbox.set_limits(1 / 350)
    session.send_one(parcel())
    with pytest.raises(Unavailable) as caught:
        session.send_one(parcel(unique_id="b"))
    assert caught.value.throttled
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 1


def test_a_revoked_key_pauses_the_connection(sandbox: Sandbox, session: KlaviyoSession) -> None:
    sandbox.revoke_key(KEY)
    with pytest.raises(ConnectionPaused) as caught:
        session.send_one(parcel())
    assert caught.value.reason == "auth"


def test_inspecting_tells_the_account_and_creates_nothing(sandbox: Sandbox, klaviyo: Klaviyo) -> None:
    account = klaviyo.inspect(KEY, "", [])
    assert (account.name, account.public_key, account.timezone, account.currency, account.missing_scopes) == (
        "Tea House",
        PUBLIC_KEY,
        "Europe/Berlin",
        "EUR",
        (),
    )
    assert (sandbox.events(KEY), sandbox.profiles(KEY), sandbox.lists(KEY), sandbox.metrics(KEY)) == ([], [], [], [])


@pytest.mark.parametrize(
    "scope",
    [
        "accounts:read",
        "metrics:read",
        "events:read",
        "events:write",
        "profiles:read",
        "profiles:write",
        "lists:read",
        "lists:write",
    ],
)
def test_inspecting_names_a_missing_scope(scope: str, sandbox: Sandbox, klaviyo: Klaviyo) -> None:
    sandbox.add_account("pk_narrow", scopes=set(ALL_SCOPES) - {scope})
    assert klaviyo.inspect("pk_narrow", "", []).missing_scopes == (scope,)


def test_inspecting_finds_metrics_of_another_integration(sandbox: Sandbox, klaviyo: Klaviyo) -> None:
    sandbox.add_metric(KEY, "Placed Order", integration="Shopify", category="eCommerce")
    klaviyo.open(KEY).send_one(parcel())
    found = klaviyo.inspect(KEY, "", ["Placed Order", "Shipment Delivered"]).foreign_metrics
    assert found == {"Placed Order": "Shopify"}


def test_the_defaults_are_made_once(sandbox: Sandbox, klaviyo: Klaviyo) -> None:
    first = klaviyo.ensure_defaults(KEY, "", name="Tidings", email="hello@example.com")
    second = klaviyo.ensure_defaults(KEY, "", name="Tidings", email="hello@example.com")
    (made,) = sandbox.lists(KEY)
    assert first == second
    assert (made["id"], made["name"], made["profiles"]) == (first.list_id, "Tidings", [first.profile_id])
