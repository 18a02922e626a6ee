from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from integrations import consent, customers, disclosure, erasure, merchants, removal
from integrations.models import Merchant
from integrations.sources import BadSignature, Handled, Malformed
from tests.support.signing import accepts
from tracking import services
from tracking.shopify.source import Shopify

FIXTURES = Path(__file__).parents[1] / "fixtures" / "shopify"
MERCHANT = cast(Merchant, object())
AT = datetime(2026, 10, 10, 9, 0, tzinfo=UTC)
RECEIVED_AT = datetime(2026, 10, 10, 8, 0, tzinfo=UTC)
BODY = b'{"note":"5\\/7 \\u0026 caf\xc3\xa9 \xe2\x80\xa8 \xf0\x9f\x93\xa6"}'


def load(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("secret", "body", "signature"),
    [
        ("secret", b"foo=anything", "yCGX/RrK4fcuNtr3ztk5tQGsOBjcAzHpGLdMUrbV8yI="),
        ("old_secret", b"foo=anything", "XqRcjrSv57VACn6apEO9znyu/wkN1VC7QxdSPwK3Hzs="),
        ("test_secret_key", b'{"foo": "bar"}', "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g="),
        ("hush", b'"my secret message"', "hMTq0K2x7oyOjoBwGYeTj5oxfnaVYXzbanUG9aajpKI="),
    ],
)
@pytest.mark.parametrize("name", ["x-shopify-hmac-sha256", "shopify-hmac-sha256"])
def test_signatures_of_shopifys_libraries_are_accepted(secret: str, body: bytes, signature: str, name: str) -> None:
    Shopify().verify(body, {name: signature}, [secret])
    assert Shopify().sign(body, secret) == {"x-shopify-hmac-sha256": signature}


def test_message_signed_with_the_previous_secret_is_accepted() -> None:
    assert accepts(Shopify(), BODY, Shopify().sign(BODY, "previous"), ["current", "previous"])


@pytest.mark.parametrize("position", [0, len(BODY) // 2, len(BODY) - 1])
def test_body_altered_by_one_bit_is_refused(position: int) -> None:
    altered = bytearray(BODY)
    altered[position] ^= 1

    with pytest.raises(BadSignature, match="X-Shopify-Hmac-Sha256 does not match"):
        Shopify().verify(bytes(altered), Shopify().sign(BODY, "secret"), ["secret"])


def test_reencoded_body_is_refused() -> None:
    with pytest.raises(BadSignature):
        Shopify().verify(json.dumps(json.loads(BODY)).encode(), Shopify().sign(BODY, "secret"), ["secret"])


@pytest.mark.parametrize("headers", [{}, {"x-shopify-hmac-sha256": ""}, {"x-hmac-signature": "x"}])
def test_unsigned_message_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature, match="X-Shopify-Hmac-Sha256 is missing"):
        Shopify().verify(BODY, headers, ["secret"])


@pytest.mark.parametrize("signature", ["é", "\u2028", "=", "0" * 10_000])
def test_signature_that_is_no_base64_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature):
        Shopify().verify(BODY, {"x-shopify-hmac-sha256": signature}, ["secret"])


@pytest.mark.parametrize("secrets", [[], [""]])
def test_nothing_is_accepted_without_a_secret(secrets: list[str]) -> None:
    with pytest.raises(BadSignature):
        Shopify().verify(BODY, Shopify().sign(BODY, ""), secrets)


@pytest.mark.parametrize("prefix", ["x-shopify-", "shopify-"])
def test_envelope_is_read_from_either_family_of_headers(prefix: str) -> None:
    headers = {
        f"{prefix}topic": "orders/create",
        f"{prefix}webhook-id": "b54557e4",
        f"{prefix}shop-domain": "A.myshopify.com",
    }

    envelope = Shopify().envelope({}, headers)

    assert (envelope.topic, envelope.delivery_id, envelope.shop_domain) == (
        "orders/create",
        "b54557e4",
        "a.myshopify.com",
    )


def test_message_without_a_topic_is_malformed() -> None:
    with pytest.raises(Malformed, match="X-Shopify-Topic"):
        Shopify().envelope({}, {"x-shopify-webhook-id": "b54557e4"})


def test_headers_for_a_topic_make_an_envelope_of_it() -> None:
    assert Shopify().envelope({}, Shopify().headers_for("refunds/create")).topic == "refunds/create"


def handle(topic: str, payload: Any) -> Handled:
    return Shopify().handle(MERCHANT, topic, payload, received_at=RECEIVED_AT, at=AT)


@pytest.mark.parametrize(
    ("topic", "payload", "module", "name", "argument"),
    [
        ("orders/create", load("order"), services, "ingest_order", "order"),
        ("orders/updated", load("order"), services, "ingest_order", "order"),
        ("orders/paid", load("order"), services, "ingest_order", "order"),
        ("orders/cancelled", load("order"), services, "ingest_order", "order"),
        ("orders/fulfilled", load("order"), services, "ingest_order", "order"),
        ("orders/partially_fulfilled", load("order_guest"), services, "ingest_order", "order"),
        ("orders/delete", {"id": 1}, services, "forget_order", "order_external_id"),
        ("fulfillments/create", load("fulfillment"), services, "ingest_fulfillment", "fulfillment"),
        ("fulfillments/update", load("fulfillment"), services, "ingest_fulfillment", "fulfillment"),
        ("fulfillment_events/create", load("fulfillment_event"), services, "ingest_fulfillment_scan", "event"),
        ("refunds/create", load("refund"), services, "ingest_refund", "refund"),
        ("customers/create", load("customer"), customers, "ingest_person", "person"),
        ("customers/update", load("customer"), customers, "ingest_person", "person"),
        ("customers/enable", load("customer"), services, "open_account", "account"),
        ("customers_email_marketing_consent/update", load("email_consent"), consent, "record", "consent"),
        ("customers_marketing_consent/update", load("sms_consent"), consent, "record", "consent"),
        ("customers/redact", load("redact"), erasure, "requested", "person"),
        ("customers/data_request", load("redact"), disclosure, "requested", "person"),
        ("app/uninstalled", {"id": 1, "myshopify_domain": None}, merchants, "disconnect_source", "source"),
        ("shop/redact", {"shop_domain": "a.myshopify.com"}, removal, "requested", None),
    ],
)
def test_topic_leads_to_its_domain_action(
    monkeypatch: pytest.MonkeyPatch, topic: str, payload: Any, module: ModuleType, name: str, argument: str | None
) -> None:
    calls: list[dict[str, Any]] = []
    done = Handled("done")

    def action(**given: Any) -> Handled:
        calls.append(given)
        return done

    monkeypatch.setattr(module, name, action)
    monkeypatch.setattr("returns.services.refund", lambda **given: None)
    monkeypatch.setattr("loyalty.services.told_of_customer", lambda **given: None)
    monkeypatch.setattr("integrations.merging.release", lambda merchant, external_id: 0)

    assert handle(topic, payload) is done
    (call,) = calls
    asker = call.pop("by", None)
    assert asker is None or asker.name == f"Shopify {topic}"
    assert call.keys() == {"merchant", "at"} | ({argument} if argument else set())
    assert (call["merchant"], call["at"]) == (MERCHANT, AT)


@pytest.mark.parametrize("topic", ["products/update", "customers/disable", "returns/process", "no such topic"])
def test_topic_that_is_not_used_says_so(topic: str) -> None:
    assert handle(topic, {}) == Handled(f"topic {topic} is not used")


def test_edit_is_left_to_the_update_that_follows_it() -> None:
    assert "orders/updated follows" in handle("orders/edited", {"order_edit": {"order_id": 1}}).note


def test_erasure_of_a_shop_that_names_no_shop_is_malformed() -> None:
    with pytest.raises(Malformed, match="shop_domain"):
        handle("shop/redact", {})
