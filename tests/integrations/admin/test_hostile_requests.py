"""Addresses and forms made by hand: the admin refuses them, and never falls over."""

from __future__ import annotations

import itertools
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client

from integrations.models import Connection, Delivery, InboundMessage, Merchant
from tests.integrations.admin import rows
from tests.support.naughty import sample

JUNK = ["\x00", "a\x00", "1e3", "abc", "9" * 30, "9" * 5000, "-1", "１", "²", "%", "'", "None", "", "2026-02-30"]  # noqa: RUF001
JUNK += [
    "9999-12-31",
    "0000-00-00",
    "\U0001f600",
    "[]",
    ",".join(["1"] * 2000),
    "../..",
    "\u2028",
    "a\r\nb",
    "1 OR 1=1",
]
PARAMETERS = ["q", "p", "o", "e", "merchant__id__exact", "state__exact", "until", "_to_field", "id__in", "nosuch"]
PARAMETERS += ["connection", "attention", "_changelist_filters", "_popup"]
PAGES = ["change/", "history/", "delete/", "do/pause/", "welcome/", "secret/", ""]
ACTIONS = ["pause", "check", "resend", "delete_selected", "\x00"]
ALL_KINDS = [Merchant, Connection, Delivery, InboundMessage]
"""Models of which every piece of junk is tried everywhere; of the others a sample."""


@pytest.fixture
def hand(db: None, admin_user: User) -> Client:
    """Somebody who may do everything, and types addresses by hand."""
    delivery = rows.delivery(rows.event(rows.merchant()))
    rows.attempt(delivery)
    rows.message(delivery.merchant)
    client = Client(raise_request_exception=False)
    client.force_login(admin_user)
    return client


def base(model: type[Model]) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def everything() -> list[tuple[type[Model], str]]:
    """Models and junk: all of it for some models, three pieces for each other one."""
    some = sample(JUNK, 3)
    return [(model, junk) for model in admin.site._registry for junk in (JUNK if model in ALL_KINDS else some)]


@pytest.mark.parametrize("most", [70, pytest.param(10_000, marks=pytest.mark.full)])
def test_no_filter_page_or_search_makes_a_list_fall_over(hand: Client, most: int) -> None:
    chosen = sample(list(itertools.product(everything(), PARAMETERS)), most)
    failed = [
        (model.__name__, name, junk[:20])
        for (model, junk), name in chosen
        if hand.get(base(model), {name: junk}).status_code >= 500
    ]

    assert (failed, len(chosen) > 60) == ([], True)


@pytest.mark.parametrize("most", [100, pytest.param(10_000, marks=pytest.mark.full)])
def test_no_primary_key_makes_a_page_fall_over(hand: Client, most: int) -> None:
    chosen = sample(list(itertools.product(everything(), PAGES)), most)
    failed = [
        (model.__name__, junk[:20], page)
        for (model, junk), page in chosen
        if hand.get(f"{base(model)}{quote(junk, safe='')}/{page}").status_code >= 500
    ]

    assert (failed, len(chosen) > 90) == ([], True)


def test_no_choice_of_rows_makes_an_action_fall_over_or_act(hand: Client) -> None:
    failed = [
        (model.__name__, action, junk[:20])
        for model, junk, action in sample(list(itertools.product([Merchant, Connection], JUNK, ACTIONS)), 60)
        if hand.post(base(model), {"action": action, "_selected_action": [junk], "select_across": "0"}).status_code
        >= 500
    ]

    assert failed == []
    assert set(Connection.objects.values_list("state", flat=True)) == {Connection.State.ACTIVE}
    assert set(Merchant.objects.values_list("state", flat=True)) == {Merchant.State.ACTIVE}


@pytest.mark.parametrize("junk", ["abc", "9" * 30, "9" * 5000, "0", "\x00"])
def test_messages_of_no_merchant_are_not_those_of_all(hand: Client, junk: str) -> None:
    answer = hand.post("/admin/integrations/inboundmessage/replay/", {"merchant": junk})

    assert answer.status_code == 302
    assert InboundMessage.objects.get().state == InboundMessage.State.FAILED


@pytest.mark.parametrize(
    "cookie", ['session="aaaaaaaaa\\000"', "session=\x01; csrf=\x02", "session=" + "x" * 5000, ";;=;"]
)
def test_no_cookie_makes_a_page_fall_over(db: None, cookie: str) -> None:
    answer = Client(raise_request_exception=False).get("/admin/", headers={"cookie": cookie})

    assert answer.status_code in (302, 400)


def test_no_autocomplete_falls_over(hand: Client) -> None:
    words = ["integrations", "event", "merchant", "id", "\x00", "x"]
    asked = [(*each, junk) for each in sample(list(itertools.product(words, repeat=3)), 12) for junk in sample(JUNK, 8)]
    asked += [("integrations", "event", "merchant", junk) for junk in JUNK]
    failed = [
        each
        for each in asked
        if hand.get(
            "/admin/autocomplete/",
            dict(zip(("app_label", "model_name", "field_name", "term"), each, strict=True)) | {"page": each[-1]},
        ).status_code
        >= 500
    ]

    assert failed == []
