"""Alerts: one message when something goes wrong, one when it is over, and none in between."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations import alerts, leases, notices, posting
from integrations.audit import Actor
from integrations.models import Alert, AlertAddress, AuditEntry, Connection, Delivery, InboundMessage, Merchant
from tests.integrations.klaviyo.wire import answers, header_of, served
from tests.integrations.web.test_events import record

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """Heard from lately, with a connection that works and somebody to be told."""
    return make("Alba")


def make(name: str) -> Merchant:
    merchant = Merchant.objects.create(name=name, created_at=AT - 9 * DAY)
    Connection.objects.create(merchant=merchant, launch_at=AT - 9 * DAY, launched_at=AT - 9 * DAY)
    InboundMessage.objects.create(merchant=merchant, source="shopify", topic="x", key=name, body=b"", received_at=AT)
    AlertAddress.objects.create(merchant=merchant, email=f"ops@{name.lower()}.example", created_at=AT)
    return merchant


def fail(merchant: Merchant, count: int, **values: Any) -> None:
    connection = Connection.objects.get(merchant=merchant)
    for number in range(count):
        record(merchant, connection, number)
    told = {"state": "dead", "settled_at": AT} | values
    Delivery.objects.filter(merchant=merchant).update(**told)


def look(minutes: float = 0) -> list[str]:
    """Subjects of what is sent by a look."""
    mail.outbox.clear()
    alerts.look(at=AT + minutes * MINUTE)
    return [str(each.subject) for each in mail.outbox]


def test_a_pause_is_told_once_and_its_end_once(merchant: Merchant) -> None:
    assert look() == []
    Connection.objects.update(state="paused_auth")
    assert look(1) == ["Alba: Sending is paused"]
    assert "Paused: the key is refused" in mail.outbox[0].body
    assert f"/m/{merchant.public_id}/" in mail.outbox[0].body
    assert [look(minutes) for minutes in (2, 3)] == [[], []]

    Connection.objects.update(state="active")
    assert look(4) == ["Alba: over: sending is paused"]
    assert (look(5), Alert.objects.count()) == ([], 0)


@pytest.mark.parametrize(("count", "told"), [(9, []), (10, ["Alba: Events fail"])])
def test_failures_are_told_from_ten_on(merchant: Merchant, count: int, told: list[str]) -> None:
    fail(merchant, count)

    assert look() == told


def test_events_that_wait_and_silence(merchant: Merchant) -> None:
    fail(merchant, 1, state="pending", settled_at=None, created_at=AT - 11 * MINUTE)
    assert look() == ["Alba: Events wait"]
    assert look(24 * 60 + 1) == ["Alba: Nothing comes in"]


def test_several_changes_are_one_message(merchant: Merchant) -> None:
    fail(merchant, 12)
    Connection.objects.update(state="paused_scope")

    assert len(look()) == 1
    assert {"Sending is paused", "Events fail"} <= {line.partition(":")[0] for line in mail.outbox[0].body.splitlines()}


def test_each_merchant_is_told_of_its_own(merchant: Merchant) -> None:
    make("Birch")
    fail(merchant, 10)
    look()

    assert [each.to for each in mail.outbox] == [["ops@alba.example"]]


def test_what_could_not_be_sent_is_tried_again(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    Connection.objects.update(state="paused_auth")
    with monkeypatch.context() as broken:

        def away(self: Any, messages: Any) -> int:
            raise ConnectionRefusedError

        broken.setattr(EmailBackend, "send_messages", away)
        assert look() == []
    assert look(1) == ["Alba: Sending is paused"]


def test_two_looks_at_once_tell_once(merchant: Merchant) -> None:
    Connection.objects.update(state="paused_auth")
    with leases.holding("alerts", 60):
        assert look() == []
    assert len(look(1)) == 1


def test_without_addresses_nobody_is_told_and_nothing_stays(merchant: Merchant) -> None:
    Connection.objects.update(state="paused_auth")
    look()
    AlertAddress.objects.all().delete()
    Connection.objects.update(state="active")

    assert (look(1), Alert.objects.count()) == ([], 0)


def test_a_look_costs_the_same_however_many_merchants_are_well(merchant: Merchant) -> None:
    counts = []
    for more in (1, 8):
        for number in range(more):
            make(f"Shop{more}{number}")
        with CaptureQueriesContext(database) as queries:
            look()
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_an_address_that_was_not_reached_is_tried_again_alone(merchant: Merchant, by: Actor, settings: Any) -> None:
    settings.DEBUG = True
    Connection.objects.update(state="paused_auth")
    with served(answers("500 Oops"), answers("200 OK")) as wire:
        secret = notices.add_webhook(merchant, f"{wire.url}/hook", by=by, at=AT)
        assert look() == ["Alba: Sending is paused"]
        failed = AlertAddress.objects.get(email="")
        assert (failed.failed_at, failed.failure) == (AT, "It answered 500.")
        assert [look(minutes) for minutes in (1, 2)] == [[], []]
        assert len(wire.requests) == 2

    head, _, body = wire.requests[1].partition(b"\r\n\r\n")
    assert posting.signature(body, str(secret), at=AT + MINUTE) == header_of(head + b"\r\n", posting.SIGNATURE)
    assert json.loads(body) == {
        "type": "alert",
        "sent_at": "2026-11-23T10:01:00Z",
        "merchant": {"id": merchant.public_id, "name": "Alba"},
        "begun": [
            {
                "kind": "paused",
                "title": "Sending is paused",
                "detail": "Paused: the key is refused",
                "since": "2026-11-23T10:00:00Z",
            }
        ],
        "over": [],
        "page": f"http://127.0.0.1:8000/m/{merchant.public_id}/",
    }
    assert AlertAddress.objects.get(email="").failed_at is None


def test_what_was_over_before_an_address_was_reached_is_never_told_to_it(
    merchant: Merchant, by: Actor, settings: Any
) -> None:
    settings.DEBUG = True
    Connection.objects.update(state="paused_auth")
    with served(answers("500 Oops")) as wire:
        notices.add_webhook(merchant, wire.url, by=by, at=AT)
        look()
        Connection.objects.update(state="active")
        assert look(1) == ["Alba: over: sending is paused"]
        assert len(wire.requests) == 1


def test_who_comes_later_is_told_what_is_wrong_now(merchant: Merchant, by: Actor) -> None:
    Connection.objects.update(state="paused_auth")
    look()
    notices.add_email(merchant, "eva@alba.example", by=by, at=AT)

    assert look(1) == ["Alba: Sending is paused"]
    assert mail.outbox[0].to == ["eva@alba.example"]


def test_time_that_is_up_leaves_the_rest_to_the_next_look(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    Connection.objects.update(state="paused_auth")
    with monkeypatch.context() as hurried:
        hurried.setattr(alerts, "SECONDS", -1)
        assert look() == []

    assert look(1) == ["Alba: Sending is paused"]


@pytest.fixture
def by(db: None) -> Actor:
    return Actor(User.objects.create_user("olga", "olga@alba.example"))


def test_addresses_are_added_once_removed_and_written_down(merchant: Merchant, by: Actor) -> None:
    assert notices.add_email(merchant, " Eva@Alba.example ", by=by, at=AT)
    assert not notices.add_email(merchant, "eva@alba.example", by=by, at=AT)
    notices.remove(merchant, AlertAddress.objects.get(email="eva@alba.example").pk, by=by, at=AT)
    notices.remove(Merchant.objects.create(name="Birch"), AlertAddress.objects.get().pk, by=by, at=AT)

    assert AlertAddress.objects.get().email == "ops@alba.example"
    assert AuditEntry.objects.count() == 2


def test_a_webhook_is_added_once_and_its_path_is_not_in_the_trail(merchant: Merchant, by: Actor) -> None:
    url = "https://hooks.example/canary"
    assert [bool(notices.add_webhook(merchant, url, by=by, at=AT)) for _ in range(2)] == [True, False]
    with pytest.raises(posting.BadAddress):
        notices.add_webhook(merchant, "https://127.0.0.1/", by=by, at=AT)

    assert AuditEntry.objects.get().details == ["webhook at hooks.example"]


def test_at_most_twenty_are_told(merchant: Merchant, by: Actor) -> None:
    for number in range(19):
        notices.add_email(merchant, f"a{number}@alba.example", by=by, at=AT)

    with pytest.raises(notices.TooMany, match="20"):
        notices.add_webhook(merchant, "https://hooks.example/", by=by, at=AT)
    assert AlertAddress.objects.for_merchant(merchant).count() == 20
