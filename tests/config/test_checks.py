"""Each wrong setting is refused by its own check, and production as `make check` sees it is clean."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.core import checks as django_checks

from config import checks, env


def found_ids() -> list[str | None]:
    return [message.id for message in django_checks.run_checks(tags=[checks.TAG])]


def sqlite(**changes: Any) -> dict[str, Any]:
    right = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
    return {"default": {"ENGINE": checks.SQLITE, "NAME": "x", "OPTIONS": right | changes}}


def test_the_settings_of_the_suite_are_right() -> None:
    assert found_ids() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SECRET_KEY", "", "tidings.E002"),
        ("ENCRYPTION_KEYS", [], "tidings.E003"),
        ("ENCRYPTION_KEYS", ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "short"], "tidings.E004"),
        ("ALLOWED_HOSTS", [], "tidings.E005"),
        ("KLAVIYO_BASE_URL", "http://a.klaviyo.com", "tidings.E006"),
        ("KLAVIYO_BASE_URL", "http://127.0.0.1.example.com", "tidings.E006"),
        ("KLAVIYO_BASE_URL", "a.klaviyo.com", "tidings.E006"),
        ("PUBLIC_BASE_URL", "http://tidings.example", "tidings.E006"),
        ("DATABASES", sqlite(timeout=4), "tidings.E007"),
        ("DATABASES", sqlite(transaction_mode="DEFERRED"), "tidings.E007"),
        ("DATABASES", sqlite(init_command="PRAGMA journal_mode=DELETE"), "tidings.E007"),
        ("DATABASES", {"default": {"ENGINE": "django.db.backends.mysql"}}, "tidings.E008"),
        ("DATABASES", {"default": {"ENGINE": checks.POSTGRESQL, "OPTIONS": {"pool": True}}}, "tidings.E009"),
        ("Q_CLUSTER", {"timeout": 55, "retry": 224}, "tidings.E010"),
    ],
)
def test_a_wrong_value_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: object, expected: str) -> None:
    monkeypatch.setattr(settings, name, value)
    assert found_ids() == [expected]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KLAVIYO_BASE_URL", "https://a.klaviyo.com"),
        ("KLAVIYO_BASE_URL", "http://127.0.0.1:9000"),
        ("KLAVIYO_BASE_URL", "http://[::1]:9000"),
        ("KLAVIYO_BASE_URL", "http://localhost:9000"),
        ("DATABASES", sqlite()),
        ("DATABASES", {"default": {"ENGINE": checks.POSTGRESQL}}),
        ("Q_CLUSTER", {"timeout": 55, "retry": 225}),
    ],
)
def test_a_right_value_passes(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    monkeypatch.setattr(settings, name, value)
    assert found_ids() == []


def test_development_may_do_without_hosts_and_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DEBUG", True)
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", [])
    monkeypatch.setattr(settings, "KLAVIYO_BASE_URL", "http://sandbox:9000")
    assert found_ids() == []


def test_an_unreadable_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "problems", [("WORKERS=none is not a whole number above 0.", "Set WORKERS to 2.")])
    assert found_ids() == ["tidings.E001"]


def test_a_wrong_encryption_key_is_named_by_its_place_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ENCRYPTION_KEYS", ["not-a-key-but-private"])
    (error,) = django_checks.run_checks(tags=[checks.TAG])
    assert error.msg == "Key 1 of TIDINGS_ENCRYPTION_KEYS is not a Fernet key."


def test_a_server_with_wrong_settings_ends_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", [])
    with pytest.raises(SystemExit, match=r"^\(tidings.E005\) ALLOWED_HOSTS is not set, .* separated by commas\.$"):
        checks.stop_if_wrong()
