"""How a merchant's pages look: what may be set, by whom, and what the trail keeps."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from integrations.audit import Actor
from integrations.models import AuditEntry, Membership, Merchant
from tests.tracking.telling import make_merchant
from tracking.models import Order, TrackingPage
from tracking.page import colours
from tracking.services import tracking_page

from .conftest import place

FORM = {
    "logo_url": "https://shop.example/logo.svg",
    "accent": "#0b6b5d",
    "ground": "#ffffff",
    "card": "#ffffff",
    "text": "#000000",
    "message": "Hello.",
    "links": "Help, please, https://shop.example/help",
    "footer": "",
    "days": "30",
    "language": "de",
}


@pytest.fixture
def sign_in(merchant: Merchant, django_user_model: Any) -> Callable[[str], Client]:
    """The client of somebody with that role."""

    def sign_in(role: str) -> Client:
        user = django_user_model.objects.create_user(f"{role}@alba.example")
        Membership.objects.create(merchant=merchant, user=user, role=role)
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.mark.parametrize(("one", "other", "contrast"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48)])
def test_contrast_is_that_of_wcag(one: str, other: str, contrast: float) -> None:
    assert round(colours.contrast(one, other), 2) == round(colours.contrast(other, one), 2) == contrast


@pytest.mark.parametrize("accent", ["#000000", "#ffffff", "#777777", "#0b6b5d", "#ffcc00", "#ff0000"])
def test_what_stands_on_a_colour_can_be_read(accent: str) -> None:
    assert colours.contrast(colours.on(accent), accent) >= colours.LEAST_CONTRAST


def test_pale_text_is_never_too_pale() -> None:
    for text, card, ground in (("#1c2223", "#ffffff", "#f4f2ee"), ("#707070", "#ffffff", "#fefefe")):
        pale = colours.quiet(text, card, ground)
        assert min(colours.contrast(pale, each) for each in (card, ground)) >= colours.LEAST_CONTRAST


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"text": "#cccccc"}, "text"),
    ({"accent": "#ffcc00"}, "accent"),
    ({"ground": "#333333"}, "text"),
    ({"accent": "#0b6b5d;}"}, "accent"),
    ({"accent": "red"}, "accent"),
    ({"logo_url": "http://shop.example/logo.svg"}, "logo_url"),
    ({"links": [["Help", "javascript:alert(1)"]]}, "links"),
    ({"links": [["Help", "https://shop.example/"]] * 6}, "links"),
    ({"days": 0}, "days"),
    ({"days": 731}, "days"),
    ({"language": "fr"}, "language"),
    ({"consent_texts": {"fr": "Oui."}}, "consent_texts"),
    ({"consent_texts": {"en": "x" * 2_001}}, "consent_texts"),
]


@pytest.mark.parametrize(("values", "field"), WRONG)
def test_what_nobody_could_read_or_follow_is_refused(merchant: Merchant, values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        tracking_page.change(merchant, by=Actor(), at=timezone.now(), **values)

    assert list(refused.value.message_dict) == [field]
    assert not TrackingPage.objects.exists()


def test_an_editor_sets_it_and_the_trail_says_what_is_new(merchant: Merchant, sign_in: Any) -> None:
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/tracking-page/"
    assert client.post(path, FORM).status_code == 302
    assert client.post(path, FORM).status_code == 302

    page = TrackingPage.objects.get()
    assert (page.merchant, page.days, page.links) == (merchant, 30, [["Help, please", "https://shop.example/help"]])
    entry = AuditEntry.objects.get()
    assert (entry.what, entry.actor) == ("changed the tracking page", "editor@alba.example")
    assert "Days after the end: 90 d → 30 d" in entry.details
    assert "Language: en → de" in entry.details
    assert len(entry.details) == 7


def test_what_shoppers_can_do_is_set_by_language_and_previewed(merchant: Merchant, sign_in: Any) -> None:
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/tracking-page/"
    form = FORM | {"by_email": "on", "has_wishes": "on", "consent_de": " Ja, bitte. ", "consent_en": ""}
    shown = client.post(f"{path}preview/", form).content.decode()
    client.post(path, form)

    page = TrackingPage.objects.get()
    assert (page.by_email, page.by_sms, page.has_wishes) == (True, False, True)
    assert (page.consent_texts, page.consent_version) == ({"de": "Ja, bitte."}, 1)
    assert "Consent to marketing: none → de: Ja, bitte." in AuditEntry.objects.get().details
    assert [each in shown for each in ("Ja, bitte.", 'name="email"', 'name="phone"', 'name="line"')] == [
        True,
        True,
        False,
        True,
    ]
    assert re.findall(r"<form[^>]*>", shown) == [
        '<form method="post" action="" novalidate inert>',
        '<form id="wish" method="post" action="" inert>',
    ]
    assert b"Ja, bitte.</textarea>" in client.get(path).content
    assert b"The texts are version 1" in client.get(path).content


def test_a_viewer_looks_and_tries_and_changes_nothing(merchant: Merchant, sign_in: Any) -> None:
    client, path = sign_in("viewer"), f"/m/{merchant.public_id}/tracking-page/"
    order = place(merchant)
    answers = [client.get(path), client.post(path, FORM), client.post(f"{path}preview/", FORM)]
    refused = client.post(f"{path}order/", {"number": "#1", "act": "take_back"})

    assert [each.status_code for each in answers] == [200, 200, 200]
    assert b">Save<" not in answers[0].content
    assert b"Hello." in answers[2].content
    assert refused.status_code == 403
    assert (TrackingPage.objects.count(), AuditEntry.objects.count()) == (0, 0)
    assert Order.objects.get(pk=order.pk).page_token == order.page_token


def test_the_preview_is_framed_by_ourselves_only_and_never_kept(merchant: Merchant, sign_in: Any) -> None:
    answer = sign_in("viewer").get(f"/m/{merchant.public_id}/tracking-page/preview/")

    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert (answer.headers["X-Frame-Options"], answer.headers["Cache-Control"]) == ("SAMEORIGIN", "no-store")
    assert not Order.objects.exists()


def test_the_preview_says_why_it_shows_nothing(merchant: Merchant, sign_in: Any) -> None:
    path = f"/m/{merchant.public_id}/tracking-page/preview/"
    answer = sign_in("viewer").post(path, FORM | {"text": "#eeeeee"})

    assert b"is hard to read: contrast 1.2, at least 4.5 is needed." in answer.content


def test_an_editor_takes_a_page_back_and_gives_a_new_one(merchant: Merchant, sign_in: Any) -> None:
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/tracking-page/order/"
    order = place(merchant)
    theirs = place(make_merchant())
    client.post(path, {"number": "1", "act": "take_back"})
    assert Order.objects.get(pk=order.pk).page_token == ""
    answer = client.post(path, {"number": "#1", "act": "renew"}, follow=True)

    token = Order.objects.get(pk=order.pk).page_token
    assert token not in ("", None, order.page_token)
    assert f"/t/{token}/".encode() in answer.content
    assert Order.objects.get(pk=theirs.pk).page_token == theirs.page_token
    assert [(each.what, each.details) for each in AuditEntry.objects.order_by("id")] == [
        ("took back the tracking page of an order", ["#1"]),
        ("gave the tracking page of an order a new address", ["#1"]),
    ]


def test_an_order_that_is_not_there_is_said_to_be_none(merchant: Merchant, sign_in: Any) -> None:
    place(make_merchant())
    client, path = sign_in("editor"), f"/m/{merchant.public_id}/tracking-page/"

    assert b"There is no such order." in client.post(f"{path}order/", {"number": "#1"}, follow=True).content
    assert b"There is no such order." in client.get(f"{path}?order=%231").content
