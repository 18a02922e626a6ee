"""KLAVIYO_BASE_URL and PUBLIC_BASE_URL: an operator's settings, of which only plain addresses are taken."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks as django_checks

from config import checks, env
from tests.support.naughty import addresses

NAMES = ["KLAVIYO_BASE_URL", "PUBLIC_BASE_URL"]

GOOD = [
    "https://a.klaviyo.com",
    "https://A.Klaviyo.com",
    "https://a.klaviyo.com:8443",
    "https://gateway.example/klaviyo",
]
GOOD += ["https://xn--mnchen-3ya.de", "https://gateway/v1/klaviyo", "http://127.0.0.1:8025", "http://localhost:8025"]
GOOD += ["http://[::1]:8025", "https://127.0.0.1:8025", "http://127.0.0.2:1", "https://127.0.0.1.example.com"]


def complaints(settings: Any, name: str, address: str) -> list[str]:
    """What the system checks say of a setting."""
    setattr(settings, name, address)
    found = [each for each in django_checks.run_checks(tags=[checks.TAG]) if each.id == "tidings.E006"]
    return [str(each.msg) for each in found]


def test_there_are_eighty_nasty_addresses() -> None:
    assert len(addresses()) >= 80


@pytest.mark.parametrize("name", NAMES)
def test_nasty_address_stops_the_start_with_one_line(settings: Any, name: str) -> None:
    said = {address: complaints(settings, name, address) for address in addresses()}

    assert [address for address, found in said.items() if len(found) != 1] == []
    assert [found for (found,) in said.values() if not found.startswith(f"{name}=") or not found.isprintable()] == []


def test_password_in_an_address_is_not_repeated(settings: Any) -> None:
    (said,) = complaints(settings, "KLAVIYO_BASE_URL", "https://somebody:canary@a.klaviyo.com")

    assert "canary" not in said


@pytest.mark.parametrize("address", GOOD)
@pytest.mark.parametrize("name", NAMES)
def test_plain_address_is_taken(settings: Any, name: str, address: str) -> None:
    assert complaints(settings, name, address) == []


@pytest.mark.parametrize("address", ["http://sandbox:8025", "http://172.17.0.1:8025", "http://[fd00::1]:8025"])
def test_development_takes_any_host_but_no_odd_address(settings: Any, address: str) -> None:
    settings.DEBUG = True

    assert complaints(settings, "KLAVIYO_BASE_URL", address) == []
    assert len(complaints(settings, "KLAVIYO_BASE_URL", address.replace("://", "://user@"))) == 1


def test_blanks_and_a_slash_at_the_ends_are_dropped_as_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", "  https://a.klaviyo.com/ \n")

    assert env.text("SOME_URL").rstrip("/") == "https://a.klaviyo.com"
