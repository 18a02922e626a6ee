"""What pages of shops call and load: with the public key alone, and never a second event for one unique_id."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from integrations.destinations.klaviyo.sandbox import Sandbox

from .caller import KEY, Caller, event, profile

ANN = {"email": "ann@example.com"}


@pytest.fixture
def company(sandbox: Sandbox) -> str:
    """The public key of the account."""
    return str(sandbox.add_account(KEY)["public_key"])


def call(sandbox: Sandbox, path: str, body: Any, company: str) -> requests.Response:
    """As a browser does: no private key."""
    headers = {"revision": "2026-07-15", "Content-Type": "application/json", "Origin": "https://shop.example"}
    address = f"{sandbox.url}/client/{path}?company_id={company}"
    return requests.post(address, json=body, headers=headers, timeout=5)


@pytest.mark.parametrize("first", ["page", "server"])
def test_a_page_and_a_server_with_one_unique_id_make_one_event(
    sandbox: Sandbox, caller: Caller, company: str, first: str
) -> None:
    tell = {"page": lambda: call(sandbox, "events", event(), company), "server": caller.event}
    answers = [tell[each]() for each in sorted(tell, key=lambda each: each != first)]

    assert [each.status_code for each in answers] == [202, 202]
    assert (sandbox.counters()["recorded"], sandbox.counters()["duplicates"]) == (1, 1)


def test_an_event_id_among_the_properties_is_no_unique_id(sandbox: Sandbox, caller: Caller, company: str) -> None:
    """As somebody measured at Klaviyo."""
    call(sandbox, "events", event(unique_id=None, properties={"$event_id": "u1"}), company)
    caller.event()

    assert sandbox.counters()["recorded"] == 2


def test_who_is_known_keeps_the_identifiers_that_are_known(sandbox: Sandbox, company: str) -> None:
    for phone in ("+15005550006", "+15005550007"):
        answer = call(sandbox, "profiles", profile(**ANN, phone_number=phone, properties={"Schedule": phone}), company)
        assert answer.status_code == 202

    (found,) = sandbox.profiles()
    assert (found["phone_number"], found["properties"]) == ("+15005550006", {"Schedule": "+15005550007"})


def test_a_page_signs_up_for_a_list_by_its_opt_in(sandbox: Sandbox, caller: Caller, company: str) -> None:
    made = {"data": {"type": "list", "attributes": {"name": "News", "opt_in_process": "single_opt_in"}}}
    list_id = caller.post("/api/lists", made).json()["data"]["id"]
    lists = {"list": {"data": {"type": "list", "id": list_id}}}
    attributes = {"custom_source": "A page", "profile": profile(**ANN)}
    body = {"data": {"type": "subscription", "attributes": attributes, "relationships": lists}}

    assert call(sandbox, "subscriptions", body, company).status_code == 202
    assert [each["profiles"] for each in sandbox.lists()] == [[sandbox.profiles()[0]["id"]]]


@pytest.mark.parametrize("path", ["events", "profiles", "subscriptions"])
def test_what_is_wrong_is_refused(sandbox: Sandbox, company: str, path: str) -> None:
    assert call(sandbox, path, event(), "nobody").json()["errors"][0]["source"] == {"parameter": "company_id"}
    assert call(sandbox, path, {"data": {"type": "nothing"}}, company).status_code == 400
    assert (
        call(sandbox, path, {"data": {"type": "event", "attributes": {"backfill": True}}}, company).status_code == 400
    )
    assert sandbox.counters()["received"] == 0


def test_a_browser_may_read_the_answer(sandbox: Sandbox, company: str) -> None:
    asked = requests.options(f"{sandbox.url}/client/events?company_id={company}", timeout=5)

    assert (asked.status_code, asked.headers["Access-Control-Allow-Headers"]) == (204, "Content-Type, revision")
    assert call(sandbox, "events", event(), company).headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in requests.get(f"{sandbox.url}/api/events", timeout=5).headers


def test_the_public_key_reads_nothing(sandbox: Sandbox, company: str) -> None:
    headers = {"Authorization": f"Klaviyo-API-Key {company}", "revision": "2026-07-15"}

    assert requests.get(f"{sandbox.url}/api/profiles", headers=headers, timeout=5).status_code == 401


@pytest.mark.parametrize("path", ["/onsite/js/klaviyo.js?company_id=abc123", "/onsite/js/abc123/klaviyo.js"])
def test_the_stand_in_for_the_script_has_both_addresses(sandbox: Sandbox, path: str) -> None:
    answer = requests.get(sandbox.url + path, timeout=5)

    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "_learnq" in answer.text
    assert requests.get(f"{sandbox.url}/onsite/js/other.js", timeout=5).status_code == 404
