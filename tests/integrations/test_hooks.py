"""The hook: who gets in, what is kept, and how refusals read."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import OperationalError, connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import doors, inbound, merchants, sources
from integrations.models import InboundMessage, Merchant, ShopDomain, SourceSecret, Tick

SECRET = "the shop's secret"
DOMAIN = "alba.myshopify.com"
BODY = json.dumps({"id": 1, "created_at": "2026-11-20T10:00:00-05:00"}).encode()


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant with a Shopify secret."""
    merchant = Merchant.objects.create(name="Alba")
    ShopDomain.objects.create(merchant=merchant, domain=DOMAIN)
    merchants.set_source_secret(merchant, "shopify", SECRET, at=timezone.now())
    return merchant


def post(merchant: str, body: bytes = BODY, *, source: str = "shopify", secret: str = SECRET, **headers: Any) -> Any:
    """Post a signed message."""
    signed = sources.get("shopify").sign(body, secret)
    given = {"x-shopify-topic": "orders/create", "x-shopify-webhook-id": "w1", **signed, **headers}
    kind = given.pop("content-type", "application/json")
    return Client().post(f"/hooks/{merchant}/{source}/", body, content_type=kind, headers=given)


def test_message_is_stored_raw_and_once(merchant: Merchant) -> None:
    first, second = post(merchant.public_id), post(merchant.public_id)

    assert (first.status_code, first.json()) == (202, {"status": "accepted"})
    assert (second.status_code, second.json()) == (200, {"status": "duplicate"})
    message = InboundMessage.objects.get()
    assert (bytes(message.body), message.topic, message.key, message.state) == (BODY, "orders/create", "w1", "received")


def test_same_content_is_one_message_where_the_source_gives_no_id(merchant: Merchant) -> None:
    for _ in range(2):
        post(merchant.public_id, **dict[str, Any]({"x-shopify-webhook-id": ""}))

    assert InboundMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("case", "status", "reason"),
    [
        ({"secret": "another"}, 401, "does not match"),
        ({"x-shopify-hmac-sha256": ""}, 401, "is missing"),
        ({"x-shopify-hmac-sha256": "ÿ"}, 401, "does not match"),
        ({"x-shopify-shop-domain": "other.myshopify.com"}, 401, "not one of this merchant's"),
        ({"source": "nosuch"}, 404, "no such merchant or source"),
        ({"merchant": "m_nosuch"}, 404, "no such merchant or source"),
        ({"content-type": "multipart/form-data"}, 415, "application/json"),
        ({"x-shopify-topic": ""}, 400, "X-Shopify-Topic"),
        ({"body": b"{"}, 400, "JSON"),
        ({"body": b'{"a": "\\u0000"}'}, 400, "NUL"),
        ({"body": b"[" * 100_000}, 400, "JSON"),
        ({"body": b"[" * 60 + b"]" * 60}, 400, "levels"),
        ({"body": b'{"n": 1' + b"0" * 400 + b"}"}, 400, ""),
        ({"body": b" " * (inbound.MAX_BODY + 1)}, 413, "5 MB"),
    ],
)
def test_refusals_say_why_and_keep_nothing(merchant: Merchant, case: dict[str, Any], status: int, reason: str) -> None:
    answer = post(case.pop("merchant", merchant.public_id), **case)

    assert answer.status_code == status
    assert reason in answer.json()["error"]
    assert not InboundMessage.objects.exists()


def test_other_methods_are_refused_with_a_reason(merchant: Merchant) -> None:
    answer = Client().get(f"/hooks/{merchant.public_id}/shopify/")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json() == {"error": "messages are sent by POST"}


def test_every_flipped_bit_of_a_body_is_noticed(merchant: Merchant) -> None:
    signature = sources.get("shopify").sign(BODY, SECRET)
    for place in range(len(BODY) * 8):
        damaged = bytearray(BODY)
        damaged[place // 8] ^= 1 << place % 8
        with pytest.raises(sources.BadSignature):
            sources.get("shopify").verify(bytes(damaged), signature, [SECRET])


def test_previous_secret_is_good_for_a_day(merchant: Merchant) -> None:
    now = timezone.now()
    merchants.set_source_secret(merchant, "shopify", "the new one", at=now)

    assert inbound.secrets_of(merchant, "shopify", at=now) == ["the new one", SECRET]
    assert inbound.secrets_of(merchant, "shopify", at=now + merchants.PREVIOUS_SECRET_FOR) == ["the new one"]


def test_what_another_process_changed_is_seen_within_seconds(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(merchant.public_id).status_code == 202
    SourceSecret.objects.update(disconnected_at=timezone.now())
    assert post(merchant.public_id).status_code == 200

    monkeypatch.setattr("integrations.doors.time.monotonic", lambda: time.monotonic_ns() / 1e9 + doors.KEPT_FOR)
    assert post(merchant.public_id).status_code == 401


def test_disconnected_source_is_refused(merchant: Merchant) -> None:
    merchants.disconnect_source(merchant=merchant, source="shopify", at=timezone.now())

    assert post(merchant.public_id).status_code == 401


def test_another_merchants_secret_opens_nothing(merchant: Merchant) -> None:
    other = Merchant.objects.create(name="Bora")
    merchants.set_source_secret(other, "shopify", "Bora's secret", at=timezone.now())

    assert post(merchant.public_id, secret="Bora's secret").status_code == 401


def test_database_in_trouble_asks_for_the_message_again(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OperationalError("disk full")

    monkeypatch.setattr(inbound, "insert_new", fail)

    assert post(merchant.public_id).status_code == 503


def test_secret_that_cannot_be_opened_asks_for_the_message_again(merchant: Merchant, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    assert post(merchant.public_id).status_code == 503


@pytest.mark.django_db(transaction=True)
def test_a_hook_costs_two_statements_and_asks_for_one_tick() -> None:
    """One to store the message, one to see that a tick is asked for already. Who may come in is known for some seconds."""
    merchant = Merchant.objects.create(name="Alba")
    merchants.set_source_secret(merchant, "shopify", SECRET, at=timezone.now())
    Tick.objects.create(name="handle_inbound")
    post(merchant.public_id)
    with CaptureQueriesContext(connection) as queries:
        post(merchant.public_id, **dict[str, Any]({"x-shopify-webhook-id": "w2"}))

    statements = [each["sql"] for each in queries if not each["sql"].startswith(("BEGIN", "COMMIT"))]
    assert len(statements) == 2
    assert not any("django_q" in sql for sql in statements)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_copies_at_once_are_one_message() -> None:
    merchant = Merchant.objects.create(name="Alba")
    merchants.set_source_secret(merchant, "shopify", SECRET, at=timezone.now())

    def send(_: int) -> int:
        try:
            return int(post(merchant.public_id).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        answers = sorted(pool.map(send, range(20)))

    assert answers == [200] * 19 + [202]
    assert InboundMessage.objects.count() == 1
