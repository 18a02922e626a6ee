"""Handling of stored messages: in order, each on its own, none lost, none twice."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from integrations import inbound, leases, sources
from integrations.models import InboundMessage, Merchant
from integrations.sources import Envelope, Handled, Source


class Script(Source):
    """A source whose messages say what shall become of them."""

    kind = "script"
    label = "Script"
    signature_header = "X-None"
    seen: list[str]

    def __init__(self) -> None:
        self.seen = []

    def verify(self, body: bytes, headers: Any, secrets: Any) -> None:
        """Everybody may."""

    def envelope(self, payload: Any, headers: Any) -> Envelope:
        """The message names itself."""
        return Envelope("topic", payload["name"])

    def headers_for(self, topic: str) -> dict[str, str]:
        """None."""
        return {}

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """None."""
        return {}

    def handle(self, merchant: Merchant, topic: str, payload: Any, *, received_at: datetime, at: datetime) -> Handled:
        """Do as the message says."""
        self.seen.append(payload["name"])
        if payload.get("fails"):
            raise RuntimeError("boom")
        if payload.get("database_fails"):
            raise OperationalError("gone")
        return Handled("done", waits_for=payload.get("waits_for", ""))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """A source that is known while the test runs."""
    source = Script()
    monkeypatch.setitem(sources._registry, source.kind, source)
    return source


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant."""
    return Merchant.objects.create(name="Alba")


def store(merchant: Merchant, script: Script, name: str, **more: Any) -> InboundMessage:
    """Receive a message."""
    body = json.dumps({"name": name, **more}).encode()
    stored = inbound.receive(merchant, script, body, {}, at=timezone.now())
    assert stored
    return stored


def states(merchant: Merchant) -> dict[str, str]:
    """Message by state."""
    return dict(InboundMessage.objects.for_merchant(merchant).values_list("key", "state"))


def test_messages_are_handled_in_order(merchant: Merchant, script: Script) -> None:
    for name in "abc":
        store(merchant, script, name)

    assert inbound.handle_due(seconds=5) == 3
    assert (script.seen, set(states(merchant).values())) == (["a", "b", "c"], {"handled"})


def test_failure_keeps_the_message_with_its_traceback_and_holds_up_nobody(merchant: Merchant, script: Script) -> None:
    store(merchant, script, "a", fails=True)
    store(merchant, script, "b")

    inbound.handle_due(seconds=5)

    assert states(merchant) == {"a": "failed", "b": "handled"}
    failed = InboundMessage.objects.get(key="a")
    assert failed.note == "RuntimeError"
    assert "boom" in failed.error


def test_failed_and_waiting_messages_can_be_handled_again(merchant: Merchant, script: Script) -> None:
    store(merchant, script, "a", fails=True)
    store(merchant, script, "b")
    inbound.handle_due(seconds=5)

    assert inbound.replay(InboundMessage.objects.for_merchant(merchant)) == 1
    inbound.handle_due(seconds=5)

    assert script.seen == ["a", "b", "a"]


def test_waiting_message_goes_when_what_it_waits_for_comes(merchant: Merchant, script: Script) -> None:
    message = store(merchant, script, "a", waits_for="order:1")
    inbound.handle_due(seconds=5)
    assert states(merchant) == {"a": "waiting"}

    assert inbound.release(merchant, "order:2") == 0
    assert inbound.release(merchant, "order:1") == 1
    message.refresh_from_db()
    assert message.state == "received"


def test_database_in_trouble_ends_the_tick_and_keeps_the_message(merchant: Merchant, script: Script) -> None:
    store(merchant, script, "a", database_fails=True)

    with pytest.raises(OperationalError):
        inbound.handle_due(seconds=5)

    assert states(merchant) == {"a": "received"}


def test_message_that_kills_its_worker_each_time_is_put_aside(merchant: Merchant, script: Script) -> None:
    store(merchant, script, "a")
    InboundMessage.objects.update(attempts=inbound.MOST_ATTEMPTS)

    inbound.handle_due(seconds=5)

    assert (script.seen, states(merchant)) == ([], {"a": "failed"})


def test_after_a_crash_messages_are_taken_one_by_one(merchant: Merchant, script: Script) -> None:
    store(merchant, script, "a")
    store(merchant, script, "b")
    InboundMessage.objects.filter(key="a").update(attempts=1)

    assert inbound.handle_batch(merchant) == 1
    assert script.seen == ["a"]


def test_merchant_in_another_workers_hands_is_left_to_it(merchant: Merchant, script: Script) -> None:
    store(merchant, script, "a")
    leases.acquire(f"inbound:{merchant.pk}", 60)

    assert inbound.handle_due(seconds=5) == 0


def test_one_merchants_messages_do_not_wait_for_anothers(merchant: Merchant, script: Script) -> None:
    other = Merchant.objects.create(name="Bora")
    for number in range(inbound.BATCH + 5):
        store(merchant, script, f"a{number}")
    store(other, script, "b")

    inbound.handle_due(seconds=5)

    assert script.seen.index("b") == inbound.BATCH
