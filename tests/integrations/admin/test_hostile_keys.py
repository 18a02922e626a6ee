"""Bad private keys in the form for a new merchant and in that for a new key: told why, kept nowhere, shown nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from integrations.admin.connections import ConnectionForm
from integrations.admin.onboarding import OnboardingForm
from integrations.destinations.klaviyo.client import KlaviyoSession
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.destinations.registry import get as destination
from integrations.models import Connection, Merchant
from tests.integrations.admin import rows
from tests.support.dump import dump
from tests.support.forms import post_form
from tests.support.logbook import written
from tests.support.naughty import private_keys, sample

from .test_connections import filled as connection_filled
from .test_onboarding import ONBOARD, filled

KEYS = private_keys()
OTHERS_KEY = "pk_sandbox_of_another_merchant"
PLAIN = {"pk_", "pk-", "null", "pk_***", "AbC123", "Klaviyo-API-Key"}
"""Bad keys that are words of the page's own."""


@pytest.fixture
def pages(csm: Client, merchant: Merchant, klaviyo: Sandbox) -> dict[str, tuple[str, dict[str, Any], str]]:
    """Each form that takes a key: its address, the rest of it, and the key's field."""
    klaviyo.add_account(rows.KEY, public_key="AcC123")
    connection = merchant.connections.get()
    address = reverse("admin:integrations_connection_change", args=[connection.pk])
    new = filled(shop_domains="", packs="order_tracking")
    same = connection_filled(connection, packs="order_status")
    same.pop("metrics")
    return {"new merchant": (ONBOARD, new, "klaviyo_key"), "new key": (address, same, "key")}


def errors_of(client: Client, page: tuple[str, dict[str, Any], str], key: str) -> tuple[list[str], str]:
    """Post a form with a key: what is wrong with the key, and all that was answered, headers too."""
    address, values, name = page
    answer = post_form(client, address, {**values, name: key})
    assert answer.status_code == 200, key[:30]
    errors = answer.context["form"].errors
    assert errors.keys() == {name}, key[:30]
    return list(errors[name]), f"{answer.content.decode()} {answer.headers}"


def test_there_are_eighty_of_them() -> None:
    assert len(KEYS) >= 80


@pytest.mark.parametrize("most", [6, pytest.param(1_000, marks=pytest.mark.full)])
@pytest.mark.parametrize("which", ["new merchant", "new key"])
def test_bad_key_is_an_error_of_its_field_and_is_shown_and_kept_nowhere(
    csm: Client, pages: Any, klaviyo: Sandbox, which: str, most: int
) -> None:
    before, asked = dump(), len(klaviyo.requests())
    with written() as lines:
        for key in sample(KEYS, most):
            errors, said = errors_of(csm, pages[which], key)
            assert len(errors) == 1, key[:30]
            if key not in PLAIN:
                assert all(each not in said + "".join(lines) for each in (key, escape(key), key[:12])), key[:30]

    assert (dump(), len(klaviyo.requests())) == (before, asked)


@pytest.mark.parametrize("key", KEYS)
def test_bad_key_is_refused_in_words_before_anybody_is_asked(merchant: Merchant, key: str) -> None:
    """By the form, or by the client of Klaviyo: such a key never reaches a header."""
    posted = key.encode("utf-8", "replace").decode()
    connection: Connection = merchant.connections.get()
    forms = [OnboardingForm(filled(klaviyo_key=posted)), ConnectionForm(connection, {"key": posted})]
    names = ["klaviyo_key", "key"]
    words = [form.errors.get(name, [""])[0] for form, name in zip(forms, names, strict=True)]
    session: Any = destination("klaviyo").open(posted.strip(), "")

    assert words[0] == words[1]
    assert key[:12] not in words[0] or key in PLAIN
    assert isinstance(session, KlaviyoSession)
    assert words[0] or not session._has_usable_key
    session.close()


@pytest.mark.parametrize(("which", "tick"), [("new merchant", "may_share_account"), ("new key", "may_change_account")])
def test_key_of_another_merchant_is_refused_unless_it_is_meant(
    csm: Client, pages: Any, klaviyo: Sandbox, which: str, tick: str
) -> None:
    klaviyo.add_account(OTHERS_KEY, public_key="OtHeR1", name="Bora")
    Connection.objects.filter(merchant=rows.merchant("Bora")).update(account_id="OtHeR1")
    before = dump()
    (error,), said = errors_of(csm, pages[which], OTHERS_KEY)
    is_untouched = dump() == before
    address, values, name = pages[which]
    meant = post_form(csm, address, {**values, name: OTHERS_KEY, tick: "on"})

    assert "This key opens the account Bora (OtHeR1), to which the events of Bora go" in error
    assert (is_untouched, OTHERS_KEY in said, meant.status_code) == (True, False, 302)


@pytest.mark.parametrize("around", [" {}", "{}\n", "\t{} \r\n", "\u3000{}\u00a0"])
def test_blanks_around_a_good_key_are_dropped(csm: Client, pages: Any, klaviyo: Sandbox, around: str) -> None:
    address, values, name = pages["new merchant"]
    answer = post_form(csm, address, {**values, name: around.format("pk_sandbox_good_key")})

    assert answer.status_code == 302
    assert Connection.objects.latest("pk").secret.reveal() == "pk_sandbox_good_key"
