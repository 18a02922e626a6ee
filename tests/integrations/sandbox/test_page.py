"""The page for people."""

from __future__ import annotations

import re

import requests

from integrations.destinations.klaviyo.sandbox import Sandbox

from .caller import Caller


def page(sandbox: Sandbox, query: str = "") -> requests.Response:
    return requests.get(f"{sandbox.url}/{query}", timeout=5)


def test_page_shows_events_profiles_and_flows(sandbox: Sandbox, caller: Caller) -> None:
    caller.event(person={"email": "ann@example.com", "properties": {"points": 120}}, value=1234.5, value_currency="USD")
    caller.event(unique_id="u2", backfill=True)
    html = page(sandbox).text

    for text in ("Shipment Delivered", "ann@example.com", "1,234.50 USD", "triggers flows", "backfill", "points"):
        assert text in html


def test_hostile_text_is_escaped(sandbox: Sandbox) -> None:
    hostile = "\"'><script>alert(1)</script>"
    person = {"external_id": hostile, "first_name": hostile, "properties": {hostile: hostile}}
    sandbox.add_account("pk_hostile", name=hostile)
    sandbox.add_account("pk_other")
    caller = Caller(sandbox, "pk_hostile")
    assert caller.event(metric=hostile, properties={hostile: hostile}, person=person).status_code == 202
    answer = page(sandbox)

    assert "<script" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_page_links_to_the_json_of_an_event(sandbox: Sandbox, caller: Caller) -> None:
    caller.event()
    link = re.search(r'href="(/sandbox/events/[^"]+)"', page(sandbox).text)

    assert link is not None
    assert requests.get(sandbox.url + link[1], timeout=5).json() == sandbox.events()[0]


def test_page_of_one_account_hides_the_others(sandbox: Sandbox, caller: Caller) -> None:
    caller.event(person={"email": "ann@example.com"})
    Caller(sandbox, "pk_sandbox_other").event(person={"email": "bob@example.com"})
    html = page(sandbox, f"?account={sandbox.accounts()[0]['public_key']}").text

    assert ("ann@example.com" in html, "bob@example.com" in html) == (True, False)


def test_page_reloads_itself_unless_paused(sandbox: Sandbox) -> None:
    assert ["http-equiv" in page(sandbox, query).text for query in ("", "?pause=1")] == [True, False]


def test_empty_page_says_how_to_connect(sandbox: Sandbox) -> None:
    assert f"KLAVIYO_BASE_URL={sandbox.url}" in page(sandbox).text
