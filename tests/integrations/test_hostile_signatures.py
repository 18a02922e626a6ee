"""Signatures: only the right one opens a hook, whatever else is sent in its place."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from django.utils import timezone

from integrations import merchants, sources
from integrations.models import InboundMessage, Merchant
from tests.integrations.conftest import Post
from tests.support.messages import load
from tests.support.world import ALL_SOURCES

RUN = {"action_run_id": 1, "handle": "add-points", "shopify_domain": "alba.myshopify.com"}
SAID = {
    **RUN,
    "call": "identify",
    "consent": True,
    "id": 1,
    "entry_id": 1,
    "kind": "x",
    "occurred_at": "2026-11-20T10:00:00Z",
    "event": "x",
    "description": "x",
    "trigger": "x",
    "created_at": "2026-11-20T10:00:00-05:00",
    "properties": {"customer_id": 1, "points": 1},
}
"""Something for each source."""

BODY = json.dumps(SAID).encode()


def signed(source: str, secret: str, body: bytes = BODY) -> tuple[str, str]:
    """The header of a signature and its value."""
    ((name, value),) = sources.get(source).sign(body, secret).items()
    return name, value


def digest_of(value: str) -> tuple[str, bytes, Any]:
    """A signature's value as (what stands before it, its 32 bytes, how bytes are written)."""
    head, _, tail = value.rpartition("=") if "v1=" in value or "hex=" in value else ("", "", value)
    if head:
        return f"{head}=", bytes.fromhex(tail), bytes.hex
    if len(value) == 64:
        return "", bytes.fromhex(value), bytes.hex
    return "", base64.b64decode(tail), lambda raw: base64.b64encode(raw).decode()


@pytest.mark.parametrize("source", ALL_SOURCES)
def test_every_flipped_bit_of_a_signature_is_refused(post: Post, source: str) -> None:
    name, value = signed(source, f"secret of {source}")
    before, digest, write = digest_of(value)
    answers = []
    for bit in range(256):
        wrong = bytearray(digest)
        wrong[bit // 8] ^= 1 << bit % 8
        answers.append(post(source, BODY, **{name: before + write(bytes(wrong))}).status_code)

    assert answers == [401] * 256
    assert not InboundMessage.objects.exists()
    assert post(source, BODY, **{name: value}).status_code == 202


def forged(source: str) -> list[str]:
    """What is sent instead of a signature."""
    _, value = signed(source, f"secret of {source}")
    before, digest, write = digest_of(value)
    others = [signed(source, secret)[1] for secret in ("", "secret of another", f"secret of {source} ", "x" * 5000)]
    reencoded = json.dumps(json.loads(BODY), separators=(",", ":")).encode()
    others += [signed(source, f"secret of {source}", body)[1] for body in (b"", reencoded, BODY + b" ", BODY[:-1])]
    hashes = [hmac.digest(f"secret of {source}".encode(), BODY, each) for each in (hashlib.sha1, hashlib.sha512)]
    hashes += [hashlib.sha256(BODY).digest(), b"", bytes(32), digest[:31], digest + b"\x00", digest[::-1]]
    others += [before + write(each) for each in hashes]
    texts = [
        "",
        " ",
        "é",
        "\xff" * 32,
        "=",
        "0" * 10_000,
        "null",
        "t=1",
        "v1=",
        "t=,v1=",
        ",,,",
        "=,=",
        value[:-1],
        value + "=",
    ]
    return [*others, *texts, value.swapcase(), f"sha256={value}", before, f"{before}{before}"]


@pytest.mark.parametrize("source", ALL_SOURCES)
def test_what_is_no_signature_is_refused(post: Post, source: str) -> None:
    name, _ = signed(source, "x")
    answers = {each: post(source, BODY, **{name: each}).status_code for each in forged(source)}

    assert {each: status for each, status in answers.items() if status != 401} == {}
    assert len(answers) >= 30
    assert not InboundMessage.objects.exists()


@pytest.mark.parametrize("source", ALL_SOURCES)
def test_during_a_change_of_secrets_both_are_good_and_no_third(post: Post, connected: Merchant, source: str) -> None:
    merchants.set_source_secret(connected, source, "the new one", at=timezone.now())
    answers = []
    for number, secret in enumerate((f"secret of {source}", "the new one", "a third")):
        body = BODY.replace(b": 1,", f": {number},".encode(), 3)
        name, value = signed(source, secret, body)
        answers.append(post(source, body, x_shopify_webhook_id=f"w{number}", **{name: value}).status_code)

    assert answers == [202, 202, 401]
    assert InboundMessage.objects.count() == 2


@pytest.mark.parametrize("source", ALL_SOURCES)
def test_signature_of_one_source_opens_no_other(post: Post, source: str) -> None:
    body = json.dumps(load("shopify/customer")).encode()
    others = [each for each in ALL_SOURCES if each != source]
    headers = dict(signed(other, f"secret of {other}", body) for other in others)
    name, _ = signed(source, "x")

    assert post(source, body, **{**headers, name: next(iter(headers.values()))}).status_code == 401
