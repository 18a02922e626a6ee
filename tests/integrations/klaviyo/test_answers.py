from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.destinations.base import (
    ConnectionPaused,
    DeliveryError,
    Fault,
    Receipt,
    Rejected,
    Unavailable,
    Unsupported,
    Window,
)
from integrations.destinations.exchange import Answer
from integrations.destinations.klaviyo.answers import plain, taken
from integrations.destinations.klaviyo.payloads import bulk_events

from .examples import BOB, KEY, parcel

JSON = {"content-type": "application/vnd.api+json"}
CHALLENGE = {"content-type": "text/html; charset=UTF-8", "cf-mitigated": "challenge"}
HTML = b"<!DOCTYPE html><html><title>Just a moment...</title></html>"
GROUP = "/data/attributes/events-bulk-create/data"
BULK = bulk_events([parcel(), parcel(profile=BOB), parcel()])


def error(detail: str = "Invalid input.", pointer: str | None = None, code: str = "invalid") -> dict[str, Any]:
    source = {} if pointer is None else {"source": {"pointer": pointer}}
    return {"id": "5a0d8e4c", "code": code, "title": "Invalid input.", "detail": detail, **source}


def errors(*given: dict[str, Any]) -> bytes:
    return json.dumps({"errors": given}).encode()


def failure(answer: Answer) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        taken(answer, "events:write", BULK.items_at)
    return caught.value


def rejection(*given: dict[str, Any]) -> Rejected:
    caught = failure(Answer(400, JSON, errors(*given)))
    assert isinstance(caught, Rejected)
    return caught


@pytest.mark.parametrize(
    "answer",
    [
        Answer(202),
        Answer(200, JSON, b'{"data": {}}'),
        Answer(201, JSON, b"{"),
        Answer(202, {"content-type": "text/html"}, HTML),
        Answer(202, JSON, errors(error())),
        Answer(202, {"ratelimit-limit": "soon", "ratelimit-remaining": "\xb2"}, b"\xff\x00"),
        Answer(204),
        Answer(299),
    ],
)
def test_every_2xx_is_taken_whatever_its_body(answer: Answer) -> None:
    assert taken(answer, "events:write") == Receipt(status=answer.status, duration_ms=0)


@pytest.mark.parametrize(
    ("answer", "kind", "ambiguous", "throttled"),
    [
        (Answer(429, JSON, errors(error("Request was throttled."))), Unavailable, False, True),
        (Answer(429), Unavailable, False, True),
        (Answer(403, CHALLENGE, HTML), Unavailable, True, False),
        (Answer(403, {"content-type": "text/html"}, HTML), Unavailable, True, False),
        (Answer(403, JSON | {"cf-mitigated": "challenge"}, errors(error())), Unavailable, True, False),
        (Answer(403), Unavailable, True, False),
        (Answer(500, JSON, errors(error())), Unavailable, True, False),
        (Answer(502, {"content-type": "text/html"}, HTML), Unavailable, True, False),
        (Answer(503), Unavailable, True, False),
        (Answer(504), Unavailable, True, False),
        (Answer(524), Unavailable, True, False),
        (Answer(999), Unavailable, True, False),
        (Answer(101), Unavailable, True, False),
        (Answer(103), Unavailable, True, False),
        (Answer(408), Unavailable, True, False),
        (Answer(409, JSON, errors(error())), Unavailable, True, False),
        (Answer(425), Unavailable, True, False),
        (Answer(401, JSON, errors(error("Missing or invalid private key."))), ConnectionPaused, None, None),
        (Answer(401, {}, HTML), ConnectionPaused, None, None),
        (Answer(403, JSON, errors(error("You do not have permission."))), ConnectionPaused, None, None),
        (Answer(403, {}, errors(error())), ConnectionPaused, None, None),
        (Answer(403, JSON, b'{"errors": ['), ConnectionPaused, None, None),
        (Answer(400, JSON, errors(error())), Rejected, None, None),
        (Answer(400, {}, HTML), Rejected, None, None),
        (Answer(413), Rejected, None, None),
        (Answer(422, JSON, b"null"), Rejected, None, None),
        (Answer(301, {"location": "https://example.com/"}), Unsupported, None, None),
        (Answer(304), Unsupported, None, None),
        (Answer(308), Unsupported, None, None),
        (Answer(402), Unsupported, None, None),
        (Answer(404, JSON, errors(error("Not found."))), Unsupported, None, None),
        (Answer(405), Unsupported, None, None),
        (Answer(410), Unsupported, None, None),
        (Answer(415, {}, HTML), Unsupported, None, None),
        (Answer(451), Unsupported, None, None),
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
    ("text", "seconds"),
    [
        ("1", 1.0),
        (" 30 ", 30.0),
        ("0", 0.0),
        ("3600", 3600.0),
        ("1000000000", 3600.0),
        ("9" * 5000, None),
        ("-5", None),
        ("1.5", None),
        ("\xb2", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_the_wait_asked_for_is_a_whole_number_of_at_most_an_hour(text: str, seconds: float | None) -> None:
    caught = failure(Answer(429, {"retry-after": text}))
    assert isinstance(caught, Unavailable)
    assert caught.retry_after == seconds


def test_no_wait_is_made_up() -> None:
    caught = failure(Answer(429))
    assert isinstance(caught, Unavailable)
    assert caught.retry_after is None


def test_a_wrong_key_pauses_for_auth() -> None:
    caught = failure(Answer(401, JSON, errors(error("Missing or invalid private key."))))
    assert isinstance(caught, ConnectionPaused)
    assert caught.reason == "auth"
    assert caught.detail == "Klaviyo does not know the key. Klaviyo answered 401: Missing or invalid private key."


def test_a_missing_scope_pauses_and_is_named() -> None:
    caught = failure(Answer(403, JSON, errors(error("Forbidden."))))
    assert isinstance(caught, ConnectionPaused)
    assert caught.reason == "scope"
    assert caught.detail == "The key lacks the scope events:write. Klaviyo answered 403: Forbidden."


def test_a_fault_names_its_item() -> None:
    pointer = f"{GROUP}/0/attributes/events/data/1/attributes/time"
    assert rejection(error("Bad time", pointer)).faults == (
        Fault("Bad time", index=2, code="invalid", pointer=pointer, duplicate=False),
    )


def test_a_fault_of_a_profile_names_all_its_items() -> None:
    faults = rejection(error("Invalid email address", f"{GROUP}/0/attributes/profile/data/attributes/email")).faults
    assert [fault.index for fault in faults] == [0, 2]


def test_several_errors_are_several_faults() -> None:
    caught = rejection(error("One", f"{GROUP}/0/attributes/events/data/0"), error("Two", f"{GROUP}/1"))
    assert [(fault.detail, fault.index) for fault in caught.faults] == [("One", 0), ("Two", 1)]
    assert caught.detail == "Klaviyo answered 400: One (and more)"


@pytest.mark.parametrize("pointer", [f"{GROUP}/7/attributes/profile", "/data", "", None])
def test_a_pointer_to_nothing_of_ours_faults_no_item(pointer: str | None) -> None:
    assert [fault.index for fault in rejection(error("Bad", pointer)).faults] == [None]


@pytest.mark.parametrize(
    ("body", "details"),
    [
        (b'{"errors": {"detail": "Bad"}}', ["Bad"]),
        (b'[{"detail": "Bad"}]', ["Bad"]),
        (b'{"errors": [{"title": "Bad title"}]}', ["Bad title"]),
        (b'{"errors": [{"detail": null, "code": "bad_code"}]}', ["bad_code"]),
        (b'{"errors": [{"detail": {"a": [1]}, "source": []}]}', ["{'a': [1]}"]),
        (b'{"errors": [{"detail": "Bad", "source": {"pointer": 7}, "code": 8}]}', ["Bad"]),
        (b'{"errors": [7, null, {"detail": "Bad"}]}', ["Bad"]),
        (b'{"errors": [{}]}', ["no reason given"]),
        (b'{"errors": []}', ["Klaviyo answered 400 without giving a reason."]),
        (b'{"errors": null}', ["Klaviyo answered 400 without giving a reason."]),
        (b'{"data": {}}', ["Klaviyo answered 400 without giving a reason."]),
        (b'{"errors": [{"detail"', ["Klaviyo answered 400 without giving a reason."]),
        (b"\xff\xfe", ["Klaviyo answered 400 without giving a reason."]),
        (b"[" * 100_000, ["Klaviyo answered 400 without giving a reason."]),
        (b"", ["Klaviyo answered 400 without giving a reason."]),
    ],
)
def test_a_refusal_of_any_shape_is_a_refusal(body: bytes, details: list[str]) -> None:
    caught = failure(Answer(400, JSON, body))
    assert isinstance(caught, Rejected)
    assert [fault.detail for fault in caught.faults] == details


def test_a_refusal_of_a_single_event_is_about_that_event() -> None:
    with pytest.raises(Rejected) as caught:
        taken(Answer(400), "events:write", lambda _pointer: (0,))
    assert [fault.index for fault in caught.value.faults] == [0]


@pytest.mark.parametrize(
    ("given", "duplicate"),
    [
        (error("Duplicate unique_id 'a'", f"{GROUP}/0"), True),
        (error("This event was already recorded", f"{GROUP}/0/attributes/events/data/0/attributes/unique_id"), True),
        (error("The unique ID must be unique in a request"), True),
        (error("unique_id is repeated"), True),
        (error("Invalid input.", f"{GROUP}/0/attributes/events/data/0/attributes/unique_id", "duplicate"), True),
        (error("unique_id is too long"), False),
        (error("Duplicate property name", f"{GROUP}/0/attributes/events/data/0/attributes/properties"), False),
        (error("The phone number is already in use"), False),
    ],
)
def test_a_repeated_unique_id_is_recognised(given: dict[str, Any], duplicate: bool) -> None:
    assert {fault.duplicate for fault in rejection(given).faults} == {duplicate}


def test_a_flood_of_errors_is_cut() -> None:
    assert len(rejection(*[error("Bad", f"{GROUP}/0")] * 5000).faults) == 2000


def test_the_receipt_keeps_what_the_headers_say() -> None:
    headers = {
        "x-klaviyo-req-id": "0b2c7d1e-5a0d-4e4c-9f1a-7e3f7b1c2d3e",
        "x-klaviyo-partial-failure": "phone_number",
        "ratelimit-limit": "350, 350;w=1, 3500;w=60",
        "ratelimit-remaining": "349",
        "ratelimit-reset": "0",
    }
    assert taken(Answer(202, headers, b"", 48), "events:write") == Receipt(
        status=202,
        duration_ms=48,
        request_id="0b2c7d1e-5a0d-4e4c-9f1a-7e3f7b1c2d3e",
        partial_failure="phone_number",
        windows=(Window(350, 1), Window(3500, 60)),
        remaining=349,
    )


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("700, 75;w=1, 700;w=60", (Window(75, 1), Window(700, 60))),
        ("75;w=1", (Window(75, 1),)),
        ("75 ; w=1;comment=x,750;w=60", (Window(75, 1), Window(750, 60))),
        ("350", ()),
        ("-1;w=x, 0;w=1, 5;w=0", ()),
        ("", ()),
        ("1;w=1," * 100, (Window(1, 1),) * 8),
    ],
)
def test_rate_limit_windows_are_read_from_the_list(text: str, windows: tuple[Window, ...]) -> None:
    assert taken(Answer(202, {"ratelimit-limit": text}), "events:write").windows == windows


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bad\r\nX-Injected: 1\x00\x1b[31m", "Bad X-Injected: 1[31m"),
        (f"The key {KEY} is bad", "The key pk_*** is bad"),
        (KEY.replace("_", "\u200b_"), "pk_***"),
        ("x" * 600, "x" * 500),
        (None, "None"),
        (["a"], "['a']"),
    ],
)
def test_what_is_shown_is_one_clean_line_without_a_key(text: object, shown: str) -> None:
    assert plain(text) == shown


def test_an_error_never_shows_a_key() -> None:
    caught = rejection(error(f"No {KEY}", f"/data/{KEY}", KEY))
    assert KEY not in f"{caught} {caught.faults}"
