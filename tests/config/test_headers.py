"""What every answer carries."""

from __future__ import annotations

from django.test import Client

from config import csp


def policy(address: str) -> dict[str, str]:
    header = Client().get(address).headers["Content-Security-Policy"]
    return {name: value for name, _, value in (part.partition(" ") for part in header.split("; "))}


def test_the_policy_is_strict_even_where_nothing_is() -> None:
    assert policy("/no-such-page") == {name: " ".join(sources) for name, sources in csp.STRICT.items()}


def test_the_admin_has_its_two_exceptions_and_no_other(db: None) -> None:
    strict = policy("/no-such-page")
    extras = {"script-src": "'self' 'unsafe-eval'", "style-src": "'self' 'unsafe-inline'"}
    assert policy("/admin/jsi18n/") == strict | extras


def test_the_front_door_leads_to_signing_in() -> None:
    assert Client().get("/").headers["Location"] == "/accounts/login/?next=/"
