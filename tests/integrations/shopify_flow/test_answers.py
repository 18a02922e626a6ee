"""What each answer of Shopify leads to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.destinations.base import (
    ConnectionPaused,
    DeliveryError,
    Rejected,
    Unavailable,
    Unsupported,
    Window,
)
from integrations.destinations.exchange import Answer
from integrations.destinations.shopify_flow.answers import taken

ROOT = "flowTriggerReceive"
HTML = b"<!DOCTYPE html><title>Just a moment...</title>"
TOKEN = "shpat_" + "0123456789abcdef" * 2
TOO_LARGE = "Errors validating schema:\n  Properties size exceeds the limit of 50000 bytes.\n"


def cost(*, asked: float = 1, available: float = 1999, rate: float = 100) -> dict[str, Any]:
    status = {"maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": asked, "actualQueryCost": None, "throttleStatus": status}}


def done(*errors: dict[str, Any], **more: Any) -> Answer:
    return Answer(200, {}, json.dumps({"data": {ROOT: {"userErrors": list(errors)}}, **more}).encode())


def failed(code: str = "", message: str = "No.", **more: Any) -> Answer:
    error = {"message": message, "extensions": {"code": code}} if code else {"message": message}
    return Answer(200, {}, json.dumps({"errors": [error], **more}).encode())


def words(status: int, errors: Any = "Not here", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, json.dumps({"errors": errors}).encode())


def failure(answer: Answer) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        taken(answer, ROOT)
    return caught.value


def test_no_user_errors_means_taken_and_tells_the_limit() -> None:
    receipt, _ = taken(done(extensions=cost(asked=2, rate=100, available=1500)), ROOT)

    assert (receipt.status, receipt.windows, receipt.remaining) == (200, (Window(50, 1),), 750)


@pytest.mark.parametrize("told", [None, {}, {"cost": None}, {"cost": {"requestedQueryCost": "1"}}, cost(rate=-1), 7])
def test_a_cost_that_cannot_be_read_is_no_limit(told: Any) -> None:
    receipt, _ = taken(done(extensions=told), ROOT)

    assert (receipt.windows, receipt.remaining) == ((), None)


@pytest.mark.parametrize(
    ("answer", "kind", "ambiguous", "throttled"),
    [
        (done({"field": ["body"], "message": TOO_LARGE}), Rejected, None, None),
        (done({"field": None, "message": None}), Rejected, None, None),
        (done({}), Rejected, None, None),
        (failed("THROTTLED", "Throttled", extensions=cost()), Unavailable, False, True),
        (failed(message="Throttled"), Unavailable, False, True),
        (failed("ACCESS_DENIED", "Access denied for flowTriggerReceive field."), ConnectionPaused, None, None),
        (failed("SHOP_INACTIVE"), ConnectionPaused, None, None),
        (failed("INTERNAL_SERVER_ERROR"), Unavailable, True, False),
        (failed("TIMEOUT"), Unavailable, True, False),
        (failed("MAX_COST_EXCEEDED"), Unsupported, None, None),
        (failed("undefinedField"), Unsupported, None, None),
        (failed(), Unsupported, None, None),
        (Answer(200, {}, b'{"errors": "no"}'), Unsupported, None, None),
        (Answer(200, {}, b'{"data": null}'), Unavailable, True, False),
        (Answer(200, {}, b'{"data": {"flowTriggerReceive": null}}'), Unavailable, True, False),
        (Answer(200, {}, HTML), Unavailable, True, False),
        (Answer(202), Unavailable, True, False),
        (words(429), Unavailable, False, True),
        (words(430), Unavailable, False, True),
        (words(423), Unavailable, False, True),
        (words(401), ConnectionPaused, None, None),
        (words(402), ConnectionPaused, None, None),
        (words(403), ConnectionPaused, None, None),
        (Answer(403, {}, HTML), Unavailable, False, False),
        (Answer(503, {}, HTML), Unavailable, False, False),
        (words(500), Unavailable, True, False),
        (Answer(502, {}, HTML), Unavailable, True, False),
        (Answer(504), Unavailable, True, False),
        (Answer(540), Unavailable, True, False),
        (Answer(999), Unavailable, True, False),
        (Answer(103), Unavailable, True, False),
        (words(408), Unavailable, True, False),
        (words(409), Unavailable, True, False),
        (words(400, {"query": "Required parameter missing or invalid"}), Rejected, None, None),
        (words(413), Rejected, None, None),
        (words(422), Rejected, None, None),
        (Answer(301, {"location": "https://elsewhere.example"}), Unsupported, None, None),
        (words(404), Unsupported, None, None),
        (words(406), Unsupported, None, None),
        (words(410), Unsupported, None, None),
        (Answer(418, {}, HTML), Unsupported, None, None),
    ],
)
def test_an_answer_says_what_comes_next(
    answer: Answer, kind: type[DeliveryError], ambiguous: bool | None, throttled: bool | None
) -> None:
    caught = failure(answer)

    assert type(caught) is kind
    assert (getattr(caught, "ambiguous", None), getattr(caught, "throttled", None)) == (ambiguous, throttled)
    assert caught.receipt.status == answer.status


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (failed("ACCESS_DENIED"), "scope"),
        (words(403), "scope"),
        (failed("SHOP_INACTIVE"), "auth"),
        (words(401), "auth"),
        (words(402), "auth"),
    ],
)
def test_a_pause_says_what_it_waits_for(answer: Answer, reason: str) -> None:
    caught = failure(answer)
    assert isinstance(caught, ConnectionPaused)
    assert caught.reason == reason


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (failed("THROTTLED", extensions=cost(asked=10, available=0, rate=50)), 0.2),
        (failed("THROTTLED", extensions=cost(asked=752, available=2, rate=50)), 15.0),
        (failed("THROTTLED", extensions=cost(asked=1, available=5, rate=100)), 0.0),
        (failed("THROTTLED", extensions=cost(asked=1e8, available=0, rate=1)), 3600.0),
        (failed("THROTTLED"), None),
        (words(429, retry_after="2.0"), 2.0),
        (words(429, retry_after="99999"), 3600.0),
        (words(429, retry_after="soon"), None),
        (words(423), 900),
    ],
)
def test_the_wait_is_what_the_bucket_needs_or_what_was_asked_for(answer: Answer, seconds: float | None) -> None:
    caught = failure(answer)
    assert isinstance(caught, Unavailable)
    assert caught.retry_after == seconds


def test_shopifys_words_and_place_are_kept_and_no_token() -> None:
    caught = failure(done({"field": ["body"], "message": f"{TOO_LARGE} {TOKEN}"}))
    assert isinstance(caught, Rejected)

    (fault,) = caught.faults
    assert (fault.pointer, fault.index) == ("body", 0)
    assert fault.detail == "Errors validating schema: Properties size exceeds the limit of 50000 bytes. shp***"


@pytest.mark.parametrize("body", [b"null", b"[]", b"7", b'"x"', b"\xff\xfe", b"{" * 5000, b'{"errors": [1, null, []]}'])
@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 429, 500])
def test_garbage_ends_in_one_of_the_known_errors(status: int, body: bytes) -> None:
    assert failure(Answer(status, {}, body)).receipt.status == status
