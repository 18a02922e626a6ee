"""Whatever is sent to a hook is taken or refused with a reason: no fault of ours, no wait, nothing half kept."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter

import pytest

from integrations import inbound
from integrations.models import InboundMessage, Merchant
from tests.integrations.conftest import Post
from tests.support.bodies import BODIES
from tests.support.world import ALL_SOURCES

GOOD = json.dumps({"id": 1, "created_at": "2026-11-20T10:00:00-05:00"}).encode()
CLOCKS = 3.0
"""Seconds that one message may take here, where other processes want the machine too."""

ADDRESSES = [
    "/hooks/{}/%00/",
    "/hooks/%00/shopify/",
    "/hooks/{}%00/shopify/",
    "/hooks/%ED%A0%80/shopify/",
    "/hooks//shopify/",
]
ADDRESSES += [
    "/hooks/" + "x" * 9000 + "/shopify/",
    "/hooks/%E2%80%A8/shopify/",
    "/hooks/%0a/%0d/",
    "/hooks/{}/shopify/%00",
]
ADDRESSES += [
    "/hooks/{}/../x/",
    "/hooks/'/shopify/",
    "/hooks/{}/Shopify/",
    "/hooks/{}/shopify",
    "/healthz%00",
    "/%00",
    "/hooks/{}/shopify/?a=%00",
]
HEADERS = [
    "x_shopify_topic",
    "x_shopify_webhook_id",
    "x_shopify_shop_domain",
    "x_shopify_hmac_sha256",
    "content_length",
]
HEADERS += [
    "content_type",
    "host",
    "cookie",
    "transfer_encoding",
    "content_encoding",
    "accept",
    "x_forwarded_proto",
    "expect",
]
VALUES = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\n",
    "a\r\nSet-Cookie: b",
    "é",
    "\xff" * 10,
    "x" * 100_000,
    "9" * 20,
    "9" * 5000,
    "-1",
    "1e3",
]
VALUES += [
    "\x85",
    "\x1b[31m",
    "²",
    "chunked",
    "gzip",
    "../..",
    "%00",
    'session="aaaaaaaaa\\000"',
    "'; --",
    "{{7*7}}",
    "null",
    "=1+1",
]


@pytest.mark.parametrize("source", ALL_SOURCES)
def test_body_that_is_no_message_is_refused_or_put_aside(post: Post, source: str) -> None:
    answers: Counter[int] = Counter()
    slowest = 0.0
    for body in BODIES:
        started = time.perf_counter()
        answers[post(source, body).status_code] += 1
        slowest = max(slowest, time.perf_counter() - started)
    inbound.handle_due(seconds=30)
    kept = InboundMessage.objects.values_list("state", "error")

    assert answers.keys() <= {202, 400, 413, 415}
    assert (sum(answers.values()), len(kept)) == (len(BODIES), answers[202])
    assert set(kept) <= {("failed", "")}, (
        "what is refused while it is handled is refused on purpose, without a traceback"
    )
    assert slowest < CLOCKS
    assert post(source, GOOD, x_shopify_webhook_id="good").status_code in (202, 400)


@pytest.mark.parametrize("address", ADDRESSES)
def test_address_that_is_none_is_refused(post: Post, connected: Merchant, address: str) -> None:
    answer = post("shopify", GOOD, path=address.replace("{}", connected.public_id))

    assert answer.status_code in (301, 302, 400, 404)
    assert not InboundMessage.objects.exists()


def test_no_header_makes_a_hook_fall_over(post: Post) -> None:
    answers = Counter(
        post("shopify", GOOD, **{name: value}).status_code for name, value in itertools.product(HEADERS, VALUES)
    )

    assert answers.keys() <= {200, 202, 400, 401, 411, 413, 415}
    assert sum(answers.values()) == len(HEADERS) * len(VALUES) == 325
    assert post("shopify", GOOD, x_shopify_webhook_id="good").status_code == 202


@pytest.mark.parametrize(
    ("first", "second"), [("x" * 120 + "1", "x" * 120 + "2"), ("\x01", "\x02"), ("a\x85b", "a\x86b")]
)
def test_two_deliveries_whose_ids_cannot_be_kept_as_they_are_stay_two(post: Post, first: str, second: str) -> None:
    """Cut or cleaned, the ids would be the same, and the second message would be taken for the first."""
    answers = [post("shopify", GOOD, x_shopify_webhook_id=each).status_code for each in (first, second, first)]

    assert answers == [202, 202, 200]


def test_one_message_is_kept_once_however_it_is_repeated(post: Post) -> None:
    """The same id with the same or another body is one delivery; the same body under a new id is another one."""
    other = GOOD.replace(b"1", b"2", 1)
    ids = [f"w{number}" for number in range(10)]
    answers = Counter(
        post("shopify", body, x_shopify_webhook_id=each).status_code for each in ids for body in (GOOD, other) * 2
    )

    assert answers == {202: 10, 200: 30}
    assert {bytes(message.body) for message in InboundMessage.objects.all()} == {GOOD}
