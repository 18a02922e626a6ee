"""Naughty texts in every form that a person may send: a form error, or a saved row that is shown; never half of it."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils.html import escape

from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.fields import Sealed
from integrations.models import ApiToken, Connection, Lane, Membership, Merchant, ShopDomain, SourceSecret
from tests.integrations.admin import rows
from tests.support import naughty
from tests.support.forms import PageForm, forms_of, post_form

from .test_onboarding import KEY, ONBOARD

TEXTS = [*naughty.TEXTS, *naughty.UNSTORABLE]
PASSWORD = "a-long-password-of-nobody"
WRITTEN = [Merchant, ShopDomain, Membership, SourceSecret, Connection, Lane, ApiToken, User, Group]

RIGHT: dict[str, str] = {
    "name": "Teekontor",
    "shop_domains": "",
    "timezone": "Europe/Berlin",
    "currency": "EUR",
    "metric_prefix": "Tidings",
    "loyalty_prefix": "loyalty_",
    "klaviyo_key": KEY,
    "username": "somebody",
    "usable_password": "true",
    "password1": PASSWORD,
    "password2": PASSWORD,
}
"""What a person would type where the page suggests nothing."""

TICKED = [("onboard", "packs", "order_tracking"), ("onboard", "source_shopify", "on")]
TICKED += [("connection", "packs", "order_status"), ("token", "scopes", "events:read")]
"""Part of an address -> what a person would tick there."""

STRICT = {"loyalty_prefix", "currency", "shop_domains", "shop_domains-0-domain", "email"}
"""Fields of a grammar: filled rightly every other time, so that something is saved."""


@pytest.fixture
def hand(db: None, admin_user: User, klaviyo: Sandbox) -> Client:
    """Somebody who may do everything."""
    client = Client(raise_request_exception=False)
    client.force_login(admin_user)
    return client


@pytest.fixture
def pages(hand: Client) -> list[str]:
    """Every page on which something is typed in."""
    merchant = rows.merchant()
    Connection.objects.update(launched_at=None)
    person, group = User.objects.create_user("eve", is_staff=True), Group.objects.create(name="Guests")
    Membership.objects.create(merchant=merchant, user=person)
    changed = [merchant, merchant.connections.get(), person, group]
    kinds = [f"/admin/{row._meta.app_label}/{row._meta.model_name}/" for row in changed]
    changes = [f"{kind}{row.pk}/change/" for kind, row in zip(kinds, changed, strict=True)]
    return [ONBOARD, *changes, f"{kinds[2]}add/", f"{kinds[3]}add/", f"{kinds[2]}{person.pk}/password/"]


def snapshot() -> list[Any]:
    """Everything that these forms can write."""
    found: list[Any] = []
    for model in WRITTEN:
        for row in model._default_manager.order_by("pk").values_list():
            found.append((model.__name__, *(each.token if isinstance(each, Sealed) else str(each) for each in row)))
    return found


def all_forms(client: Client, pages: list[str]) -> Iterator[PageForm]:
    """Every form of every page."""
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        for form in forms_of(answer.content.decode(), page):
            if form.action.endswith("/password/"):
                form.texts &= form.secrets  # the name stands there for the browser's key ring
            yield form


def free(form: PageForm) -> set[str]:
    """The fields that take any text; those that are never shown where there are no others. Who is there keeps the name."""
    named = {"username"} if form.values.get("username") else set()
    return form.texts - form.secrets - STRICT - named or form.texts


def filled(form: PageForm, chosen: Iterable[str], text: str) -> dict[str, str]:
    """The form with `text` in the chosen fields, and what a person would type in those that are empty."""
    right = {name: RIGHT[name] for name, value in form.values.items() if name in RIGHT and not value}
    right |= {name: value for part, name, value in TICKED if part in form.action}
    return {**form.values, **right, **dict.fromkeys(chosen, text)}


def kept(text: str) -> str:
    """A text as a form keeps it: UTF-8 has no lone surrogates, and blanks around it are dropped."""
    return text.encode("utf-8", "surrogatepass").decode(errors="replace").strip()


def forms_of_a_name(text: str) -> tuple[str, str]:
    """A text, and how Django keeps it where it is the name of a user."""
    return text, unicodedata.normalize("NFKC", text)


class Trial:
    """Posts forms, and holds each answer to the rule. What is wrong fails."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.written = snapshot()
        self.texts: set[str] = set()
        self.saved: set[str] = set()

    def post(self, form: PageForm, text: str, *, everywhere: bool) -> None:
        """Post a form with a naughty text in each field, or in each that takes any text."""
        chosen, tried = form.names if everywhere else free(form), (form.action, text[:40])
        answer = post_form(self.client, form.action, filled(form, chosen, text))
        before, self.written = self.written, snapshot()
        is_written = before != self.written
        self.texts.add(text)
        assert answer.status_code in (200, 302), tried
        assert answer.status_code == 302 or not is_written, tried
        if is_written:
            self.saved.add(form.action.strip("/").split("/")[-1] + form.action.strip("/").split("/")[2][:5])
        if is_written and chosen & form.texts - form.secrets:
            page = self.client.get(answer.headers["Location"])
            said = page.content.decode()
            assert page.status_code == 200, tried
            assert any(escape(each) in said for each in forms_of_a_name(kept(text))), tried


@pytest.mark.parametrize("most", [4, pytest.param(10_000, marks=pytest.mark.full)])
def test_naughty_text_is_an_error_of_the_form_or_is_saved_and_shown(hand: Client, pages: list[str], most: int) -> None:
    """Ten forms, every other time with the text in each of their fields, hidden ones and choices too."""
    trial = Trial(hand)
    forms = list(all_forms(hand, pages))
    for number, form in enumerate(forms):
        turned = TEXTS[number * 11 :] + TEXTS[: number * 11]
        for turn, text in enumerate(naughty.sample(turned, most)):
            trial.post(form, text, everywhere=turn % 2 == 1)

    assert (len(forms), len(trial.texts) >= 40) == (10, True)
    assert trial.saved >= {"onboardmerch", "changemerch", "secretmerch", "tokenmerch", "changeuser", "changegroup"}


MOMENTS = [each for each in naughty.moments() if isinstance(each, str)]
ENDS = [("9999-12-31", "23:59", "Etc/GMT+12"), ("0001-01-01", "00:00", "Pacific/Kiritimati")]
"""A day, a time and a place that together lie outside the calendar, as UTC counts."""


@pytest.mark.parametrize("most", [1, pytest.param(1_000, marks=pytest.mark.full)])
@pytest.mark.parametrize("end", ENDS)
def test_launch_at_the_end_of_time_is_an_error_of_the_form(
    hand: Client, pages: list[str], end: tuple[str, str, str], most: int
) -> None:
    Merchant.objects.update(timezone=end[2])
    before = snapshot()
    moments = [end[:2], *((moment, end[1]) for moment in naughty.sample(MOMENTS, most))]
    forms = [form for form in all_forms(hand, pages[:3]) if "launch_date" in form.values]
    for form, (day, clock) in itertools.product(forms, moments):
        changes = {"timezone": end[2], "launch_date": day, "launch_time": clock}
        answer = post_form(hand, form.action, {**filled(form, (), ""), **changes})
        assert (answer.status_code, list(answer.context["form"].errors)) == (200, ["launch_date"]), (form.action, day)

    assert (snapshot(), len(forms)) == (before, 2)


@pytest.mark.parametrize("most", [40, pytest.param(10_000, marks=pytest.mark.full)])
def test_no_text_makes_a_search_fall_over(hand: Client, most: int) -> None:
    """Every list that is searched by an order, a parcel or a person. NUL in an address is refused before."""
    found: list[Any] = [getattr(each, "find", None) for each in admin.site._registry.values()]
    searches = [search for search in found if search]
    terms = [each for each in (*TEXTS, *naughty.emails(), *naughty.phones()) if "\x00" not in each]
    chosen = naughty.sample(terms, most)

    assert [search(kept(text)) for search in searches for text in chosen] == [[]] * len(searches) * len(chosen)
    assert len(searches) >= 9
