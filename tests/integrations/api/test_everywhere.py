"""What holds at every address of the API, whoever adds one."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from integrations import staff, tokens
from integrations.api import access, problems, slots
from integrations.models import ApiToken, Merchant
from tests.integrations.tenants import everything
from tests.support import rest as world
from tests.support.naughty import TEXTS, sample
from tests.support.rest import AT, Rest

from .addresses import ALL, MISSING_KEY, Address

pytestmark = pytest.mark.django_db
EVERY = pytest.mark.parametrize("address", ALL, ids=str)


@pytest.fixture(autouse=True)
def _room_for_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests look at how a stream begins, and leave it open."""
    monkeypatch.setattr(slots, "_free", threading.BoundedSemaphore(10_000))


@pytest.fixture
def merchant() -> Merchant:
    return world.merchant()


def body_of(address: Address) -> Any:
    return address.operation.body_example if address.method in ("POST", "PUT", "PATCH") else None


def ask(api: Rest, address: Address, **headers: str) -> Any:
    """A request as the documentation shows it."""
    return api.send(address.method, address.path, body_of(address), headers)


def refused(answer: Any) -> tuple[int, str]:
    """(status, code) of a refusal, which has the form of every refusal."""
    told = json.loads(answer.content)
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content[:300]
    assert {"type", "title", "status", "code", "detail"} == told.keys() - {"errors"}
    assert told["status"] == answer.status_code == problems.KINDS[told["code"]][0]
    return answer.status_code, told["code"]


def test_the_map_was_read() -> None:
    assert len(ALL) >= 5
    assert len({address.operation.id for address in ALL}) == len(ALL)


@EVERY
def test_nobody_without_a_token_gets_in(merchant: Merchant, address: Address) -> None:
    _, gone = tokens.create(merchant, "gone", tokens.SCOPES, at=AT, expires_at=AT + timedelta(days=1))
    row, revoked = tokens.create(merchant, "revoked", tokens.SCOPES, at=AT)
    tokens.revoke(row, at=AT)
    answers = [refused(ask(Rest(text), address)) for text in ("", "x", "tdg_live_" + "0" * 38, gone, revoked)]
    bare = refused(Client().generic(address.method, f"/api/v1/{address.path}"))

    assert (bare, set(answers)) == ((401, "token_missing"), {(401, "token_invalid")})


@EVERY
def test_a_token_opens_what_its_scopes_name_and_no_more(merchant: Merchant, address: Address) -> None:
    for scope in tokens.SCOPES:
        answer = ask(world.rest(merchant, [scope]), address)
        if scope == address.operation.scope:
            assert answer.status_code not in (401, 403, 500)
        else:
            assert refused(answer) == (403, "scope_missing")
            assert address.operation.scope in answer.json()["detail"]


def make_one_of_each(merchant: Merchant) -> None:
    """All that the documentation's examples make."""
    owner = world.rest(merchant)
    for _ in range(2):
        for address in ALL:
            if address.method == "POST" and not address.names_a_row:
                owner.post(address.path, address.operation.body_example)


def test_rows_of_another_merchant_are_not_there(merchant: Merchant, settings: Any) -> None:
    """With every id that the other has, as with one that nobody has."""
    settings.API_REQUESTS_PER_MINUTE = 10**9
    stranger = world.rest(world.merchant("Bora"))
    event = world.events(merchant, [AT])[0]
    world.delivery(event, "dead")
    make_one_of_each(merchant)
    before = everything(merchant)
    named = {row.get(name) for rows in before.values() for row in rows for name in ("id", "external_id")} - {None, ""}
    asked = [address for address in ALL if address.names_a_row]
    answers: dict[str, set[tuple[int, str]]] = {}
    for address in asked:
        paths = [address.path.replace(MISSING_KEY, quote(str(each))) for each in [*named, MISSING_KEY]]
        body = body_of(address)
        answers[str(address)] = {refused(stranger.send(address.method, path, body)) for path in paths}
        assert everything(merchant) == before, address

    assert answers == {str(address): {(404, "not_found")} for address in asked}
    assert len(asked) >= 5


@EVERY
def test_parameters_that_are_not_known_are_named(merchant: Merchant, address: Address) -> None:
    api = world.rest(merchant)
    answer = api.send(address.method, f"{address.path}?colour=red&limit=1&limit=2", body_of(address))

    assert refused(answer) == (400, "invalid_parameter")
    assert "colour" in [each["parameter"] for each in answer.json()["errors"]]


@EVERY
def test_an_answer_is_to_be_in_a_form_that_there_is(merchant: Merchant, address: Address) -> None:
    assert refused(ask(world.rest(merchant), address, Accept="image/png")) == (406, "not_acceptable")


@EVERY
def test_every_answer_names_its_request_and_what_is_left(merchant: Merchant, address: Address) -> None:
    api = world.rest(merchant)
    # What is left is counted by the minute of the clock, which must not turn meanwhile.
    with time_machine.travel(timezone.now(), tick=False):
        answers = [ask(api, address, **{"X-Request-Id": given}) for given in ("client-made-1", "no good\r\n", "")]

    names = [answer.headers["X-Request-Id"] for answer in answers]
    left = [int(answer.headers["RateLimit-Remaining"]) for answer in answers]
    assert (names[0], len(set(names)), [len(each) for each in names[1:]]) == ("client-made-1", 3, [16, 16])
    assert left == [left[0], left[0] - 1, left[0] - 2]
    assert {answer.headers["Content-Security-Policy"][:18] for answer in answers} == {"default-src 'none'"}


@pytest.mark.parametrize("path", sorted({address.path for address in ALL}))
def test_methods_that_an_address_does_not_know_are_refused(merchant: Merchant, path: str) -> None:
    api = world.rest(merchant)
    known = {address.method for address in ALL if address.path == path}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "COLOUR"} - known:
        answer = api.send(method, path)
        assert refused(answer) == (405, "method_not_allowed")
        assert set(answer.headers["Allow"].split(", ")) - {"HEAD"} == known


WRITING = [address for address in ALL if address.method in ("POST", "PUT", "PATCH")]
NAUGHTY: dict[str, tuple[bytes, dict[str, str], tuple[int, str]]] = {
    "no JSON": (b"{", {}, (400, "malformed_body")),
    "a list": (b"[]", {}, (400, "malformed_body")),
    "NaN": (b'{"x": NaN}', {}, (400, "malformed_body")),
    "NUL": (b'{"x": "\\u0000"}', {}, (400, "malformed_body")),
    "half of a surrogate": (b'{"x": "\\ud800"}', {}, (400, "malformed_body")),
    "deep": (b'{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}", {}, (400, "malformed_body")),
    "not UTF-8": (b'{"x": "\xff"}', {}, (400, "malformed_body")),
    "a field that is not known": (b'{"nosuch": 1}', {}, (422, "invalid_body")),
    "too large": (b'{"x": "' + b"y" * 5_300_000 + b'"}', {}, (413, "body_too_large")),
    "a form": (b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}, (415, "unsupported_media_type")),
    "compressed": (b"{}", {"Content-Encoding": "gzip"}, (415, "unsupported_media_type")),
    "chunked": (b"{}", {"Transfer-Encoding": "chunked"}, (411, "length_required")),
}


@pytest.mark.parametrize("address", WRITING, ids=str)
def test_bodies_that_are_none_are_refused_and_change_nothing(merchant: Merchant, address: Address) -> None:
    api = world.rest(merchant)
    before = everything(merchant)
    del before["ApiToken"]

    answers = {
        name: refused(api.send(address.method, address.path, body, headers))
        for name, (body, headers, _) in NAUGHTY.items()
    }

    assert answers == {name: expected for name, (_, _, expected) in NAUGHTY.items()}
    after = everything(merchant)
    assert {name: after[name] for name in before} == before


@EVERY
def test_no_text_in_a_parameter_makes_an_address_fall_over(merchant: Merchant, address: Address) -> None:
    api = world.rest(merchant)
    for parameter in address.operation.parameters:
        for text in sample(TEXTS, 12):
            query = urlencode({parameter.name: text})
            answer = api.send(address.method, f"{address.path}?{query}", body_of(address))
            assert answer.status_code < 500, (parameter.name, text[:40])


@pytest.mark.parametrize("path", ["", "nosuch", "events/", "events/0", "events/01", "events/x", "events/" + "9" * 30])
def test_what_is_no_address_is_told_so(merchant: Merchant, path: str) -> None:
    assert refused(world.rest(merchant).get(path)) == (404, "not_found")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/events", "/api/v1"])
def test_no_address_under_api_answers_with_a_page(db: None, path: str) -> None:
    assert refused(Client().get(path)) == (404, "not_found")


def test_nul_is_refused_in_the_form_of_the_api(merchant: Merchant) -> None:
    answers = [Client().get("/api/v1/events?metric=%00"), Client().get("/api/v1/%00")]

    assert {refused(answer) for answer in answers} == {(400, "malformed_request")}


def test_what_nobody_foresaw_is_logged_and_told_without_a_word_of_it(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr("integrations.api.events.event_rows.page", fail)
    answer = world.rest(merchant).get("events", headers={"X-Request-Id": "look-me-up"})

    assert refused(answer) == (500, "internal_error")
    assert b"secret reason" not in answer.content
    assert "secret reason" in caplog.text
    assert "look-me-up" in caplog.text


def test_a_csm_acts_for_the_merchant_that_the_header_names_and_it_is_logged(
    merchant: Merchant, caplog: pytest.LogCaptureFixture
) -> None:
    world.events(merchant, [AT])
    user, _ = staff.make_csm("carla", "a-long-password-1")
    _, text = tokens.create_for_staff(user, "script", ["events:read"], at=timezone.now())

    caplog.set_level("INFO")
    found = Rest(text, **{"Tidings-Merchant": merchant.public_id}).get("events")
    unnamed, unknown = Rest(text).get("events"), Rest(text, **{"Tidings-Merchant": "m_nobody"}).get("events")
    User.objects.filter(pk=user.pk).update(is_active=False)
    access.forget()
    inactive = Rest(text, **{"Tidings-Merchant": merchant.public_id}).get("events")

    assert len(found.json()["items"]) == 1
    assert "merchant.visited" in caplog.text
    assert [refused(answer) for answer in (unnamed, unknown, inactive)] == [
        (400, "malformed_request"),
        (404, "not_found"),
        (401, "token_invalid"),
    ]


def test_a_merchants_token_acts_for_no_other(merchant: Merchant) -> None:
    other = world.merchant("Bora")
    _, text = tokens.create(merchant, "x", tokens.SCOPES, at=timezone.now())

    assert refused(Rest(text, **{"Tidings-Merchant": other.public_id}).get("events")) == (404, "not_found")


def test_requests_of_a_minute_are_counted_and_the_next_minute_begins_anew(
    merchant: Merchant, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    api, now = world.rest(merchant), [AT.replace(second=20)]
    monkeypatch.setattr("integrations.api.endpoint.timezone.now", lambda: now[0])

    answers = [api.get("events") for _ in range(5)]
    now[0] = AT + timedelta(minutes=1)
    later = api.get("events")

    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert {answers[4].headers[name] for name in ("Retry-After", "RateLimit-Reset")} == {"40"}
    assert (refused(answers[4]), later.status_code) == ((429, "too_many_requests"), 200)
    assert ApiToken.objects.get().last_used_at == AT + timedelta(minutes=1)


def test_a_token_that_is_revoked_is_refused_at_once(merchant: Merchant) -> None:
    api = world.rest(merchant)
    assert api.get("events").status_code == 200

    tokens.revoke(ApiToken.objects.get(), at=timezone.now())

    assert refused(api.get("events")) == (401, "token_invalid")
