"""Signing up on the shopper's page: what is kept, of whom, and what nobody learns by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import strategies as st

from integrations import consent
from integrations.audit import Actor
from integrations.models import Connection, ConsentRecord, Customer, Merchant, ProfileChange
from integrations.people import ConsentInput, PersonInput
from tests.support.examples import tried_with
from tests.tracking.telling import AT, HOUR, make_merchant
from tracking.models import Order, PostCount, TrackingPage
from tracking.page import visitors
from tracking.page.words import ENGLISH, GERMAN
from tracking.services import signing_up, tracking_page
from tracking.services.signing_up import Filled

from .conftest import place

TEXTS = {"en": "Yes, send me news: https://shop.example/privacy", "de": "Ja, schickt mir Neues."}
ZOE, NUMBER = "zoe@friend.example", "+4915787654321"


@pytest.fixture
def page(merchant: Merchant) -> TrackingPage:
    """E-mail and SMS, with a text that was changed twice."""
    made = TrackingPage(merchant=merchant, by_email=True, by_sms=True, consent_texts=TEXTS, consent_version=2)
    made.save()
    return made


@pytest.fixture(autouse=True)
def _one_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hour begins while a test posts."""
    monkeypatch.setattr(visitors, "HOUR", 10 * 365 * 24 * 3600)


def post(order: Order, query: str = "", site: str = "same-origin", **fields: str) -> Any:
    """The form is sent."""
    return Client(headers={"Sec-Fetch-Site": site}).post(f"/t/{order.page_token}/updates/{query}", fields)


def tick(order: Order, **fields: str) -> Any:
    """The form is sent with the box ticked."""
    return post(order, consent="yes", version="en-2", **fields)


def kept() -> list[tuple[str, list[str], str, str]]:
    return list(ConsentRecord.objects.order_by("pk").values_list("source", "channels", "email", "phone"))


@pytest.mark.usefixtures("page")
def test_a_ticked_box_is_kept_with_what_stood_beside_it(order: Order) -> None:
    answer = tick(order, email=ZOE)

    record, change = ConsentRecord.objects.get(), ProfileChange.objects.get()
    assert (answer.status_code, answer.cookies) == (303, {})
    assert answer.headers["Location"] == f"/t/{order.page_token}/?lang=en&done=news#updates"
    assert (record.text, record.version, record.source) == (TEXTS["en"], "en-2", "Tracking page")
    assert (record.channels, record.email, record.phone) == (["email"], ZOE, "")
    assert record.origin == "order #1, from 127.0.0.1"
    assert record.given_at == record.recorded_at
    assert (change.kind, change.email, change.source, change.consent) == ("subscribe", ZOE, "Tracking page", record)


@pytest.mark.usefixtures("page")
def test_a_box_that_was_left_alone_is_no_consent(order: Order) -> None:
    answer = post(order, email=ZOE, phone=NUMBER, version="en-2")

    assert answer.headers["Location"].endswith("?lang=en&done=updates#updates")
    assert not ConsentRecord.objects.exists()
    assert not ProfileChange.objects.exists()
    wants = {each.email or each.phone: list(each.updates) for each in Customer.objects.exclude(updates={})}
    assert wants == {ZOE: ["email"], NUMBER: ["sms"]}


@pytest.mark.usefixtures("page")
def test_the_page_says_what_was_done_in_the_shoppers_language(order: Order) -> None:
    answer = post(order, "?lang=de", email=ZOE)
    shown = Client().get(answer.headers["Location"].partition("#")[0]).content.decode()

    assert GERMAN.signed_up in shown
    assert ZOE not in shown
    assert 'name="email"' not in shown


@pytest.mark.usefixtures("page")
def test_the_box_is_never_ticked_beforehand(order: Order) -> None:
    shown = Client().get(f"/t/{order.page_token}/").content.decode()

    assert re.findall(r'<input type="checkbox"[^>]*>', shown) == [
        '<input type="checkbox" id="consent" name="consent" value="yes">'
    ]
    assert '<a href="https://shop.example/privacy" rel="nofollow">' in shown


WRONG: dict[str, tuple[dict[str, str], list[str]]] = {
    "nothing": ({}, [ENGLISH.nothing_typed]),
    "no address": ({"email": "zoe"}, [ENGLISH.no_email]),
    "no number": ({"phone": "030"}, [ENGLISH.no_phone]),
    "both": ({"email": "zoe", "phone": "030"}, [ENGLISH.no_email, ENGLISH.no_phone]),
    "one of two": ({"email": ZOE, "phone": "030"}, [ENGLISH.no_phone]),
    "a text of yesterday": ({"email": ZOE, "consent": "yes", "version": "en-1"}, [ENGLISH.text_changed]),
    "a text that was not shown": ({"email": ZOE, "consent": "yes"}, [ENGLISH.text_changed]),
}


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize(("fields", "sentences"), WRONG.values(), ids=WRONG.keys())
def test_what_leads_nowhere_is_said_beside_its_field_and_kept(
    order: Order, fields: dict[str, str], sentences: list[str]
) -> None:
    customers = Customer.objects.count()
    answer = post(order, **fields)

    shown = answer.content.decode()
    found = [each for each in vars(type(ENGLISH))["__slots__"] if f">{getattr(ENGLISH, each)}<" in shown]
    assert (answer.status_code, answer.headers["Cache-Control"]) == (422, "no-store")
    assert [getattr(ENGLISH, each) for each in found if each.startswith(("no_", "nothing", "text_"))] == sentences
    for name in ("email", "phone"):
        assert f'value="{fields.get(name, "")}"' in shown
    assert " checked" not in shown
    assert (Customer.objects.count(), ConsentRecord.objects.count()) == (customers, 0)


@pytest.mark.usefixtures("page")
def test_what_is_typed_is_shown_as_text(order: Order) -> None:
    shown = post(order, email='"><script>alert(1)</script>').content.decode()

    assert "<script>alert" not in shown


@pytest.mark.usefixtures("page")
def test_a_number_is_read_as_in_the_country_that_the_order_goes_to(order: Order) -> None:
    post(order, phone="01578 7654321")

    assert Customer.objects.filter(phone=NUMBER, email="").exists()


# Whose address it is


@pytest.mark.usefixtures("page")
def test_no_number_becomes_the_buyers(order: Order) -> None:
    """Somebody with the link, who knows the buyer's address, attaches nothing to it."""
    before: dict[str, Any] = dict(Customer.objects.values().get())
    tick(order, email="ann@shopper.example", phone=NUMBER)

    after: dict[str, Any] = dict(Customer.objects.values().get(email="ann@shopper.example"))
    assert {name for name in after if after[name] != before[name]} == {"consent", "updates"}
    assert after["phone"] == "+4915112345678"
    assert kept() == [
        ("Tracking page", ["email"], "ann@shopper.example", ""),
        ("Tracking page", ["sms"], "", NUMBER),
    ]
    subscribed = ProfileChange.objects.order_by("pk").values_list("channels", "email", "phone")
    assert list(subscribed) == [(["email"], "ann@shopper.example", ""), (["sms"], "", NUMBER)]


@pytest.mark.usefixtures("page")
def test_the_buyers_own_number_is_the_buyers(order: Order) -> None:
    tick(order, phone="+4915112345678")

    assert Customer.objects.get() == order.customer
    assert ProfileChange.objects.values_list("email", "phone").get() == ("ann@shopper.example", "+4915112345678")


@pytest.mark.usefixtures("page")
def test_nothing_tells_whether_an_address_was_known(order: Order) -> None:
    """Of the buyer, of somebody who opted out, of a stranger: the same answer, and the same page after it."""
    word = ConsentInput(PersonInput(email="out@shopper.example"), "email", "unsubscribed", timezone.now())
    consent.record(merchant=order.merchant, consent=word, at=timezone.now())
    addresses = ["ann@shopper.example", "out@shopper.example", "never@seen.example", "ann@shopper.example"]
    answers = [tick(order, email=each) for each in addresses]
    pages = {Client().get(each.headers["Location"].partition("#")[0]).content for each in answers}

    told = [
        (each.status_code, each.content, {name: each.headers[name] for name in each.headers if name != "X-Request-Id"})
        for each in answers
    ]
    assert all(each == told[0] for each in told)
    assert len(pages) == 1


# Opting out

EVENTS = st.lists(
    st.tuples(st.sampled_from(["page", "api", "shop", "shop says no", "api says no"]), st.integers(0, 5)), max_size=7
)


@tried_with(20, 400, events=EVENTS)
def test_whatever_comes_in_from_wherever_in_any_order_the_newest_word_holds(
    order: Order, page: TrackingPage, events: list[tuple[str, int]]
) -> None:
    """The page, a client and the shop: an opt-out as new as the newest consent holds, and nothing older undoes it."""
    for model in (ProfileChange, ConsentRecord):
        model.objects.all().delete()
    Customer.objects.filter(email=ZOE).delete()
    begin = timezone.now() - timedelta(days=1)
    zoe = PersonInput(email=ZOE)
    yes: list[int] = []
    no: list[int] = []
    for source, hours in events:
        at = begin + timedelta(hours=hours)
        if source == "page":
            filled = Filled(email=ZOE, is_ticked=True, version="en-2", language="en", visitor="192.0.2.1")
            signing_up.sign_up(order, page, filled, at=at)
        elif source == "api":
            said = consent.SignUp(
                person=zoe, channels=["email"], is_marketing=True, source="Checkout", given_at=at, text="Yes"
            )
            consent.subscribe(merchant=order.merchant, sign_up=said, at=timezone.now())
        else:
            state = "subscribed" if source == "shop" else "unsubscribed"
            word = ConsentInput(zoe, "email", state, at)
            consent.record(merchant=order.merchant, consent=word, at=timezone.now())
        (no if "says no" in source else yes).append(hours)
        asked = ProfileChange.objects.filter(email=ZOE, kind="subscribe")
        is_out = bool(no) and max(no) >= max(yes, default=-1)
        state = Customer.objects.get(email=ZOE).consent["email"]["state"]
        assert state == ("unsubscribed" if is_out else "subscribed")
        allowed = {each.pk for each in asked if consent.still_given(each, consent.opt_outs(order.merchant, [each]))}
        assert allowed == {each.pk for each in asked if each.asked_at > begin + timedelta(hours=max(no, default=-1))}


# What keeps it harmless


@pytest.mark.usefixtures("page")
def test_programs_fill_in_what_nobody_sees_and_nothing_is_kept(order: Order) -> None:
    customers = Customer.objects.count()
    answer = tick(order, email=ZOE, website="https://spam.example")

    assert answer.headers["Location"].endswith("done=updates#updates")
    assert (Customer.objects.count(), ConsentRecord.objects.count()) == (customers, 0)


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize(("site", "status"), [("cross-site", 404), ("same-site", 404), ("same-origin", 303)])
def test_a_form_of_another_site_is_refused(order: Order, site: str, status: int) -> None:
    assert post(order, site=site, email=ZOE).status_code == status


@pytest.mark.usefixtures("page")
def test_who_signs_many_up_gets_no_further_and_others_do(order: Order) -> None:
    answers = [post(order, email=f"victim{number}@friend.example") for number in range(visitors.SIGN_UPS.of_token + 2)]
    refused, other = answers[-1], place(order.merchant, "2")

    assert [each.status_code for each in answers] == [303] * visitors.SIGN_UPS.of_token + [429, 429]
    assert (refused.headers["Retry-After"], ENGLISH.enough in refused.content.decode()) == (str(visitors.HOUR), True)
    assert Customer.objects.filter(email__startswith="victim").count() == visitors.SIGN_UPS.of_token
    assert post(other, email=ZOE).status_code == 303


def test_posts_are_counted_over_all_processes_hour_by_hour(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "HOUR", 3600)
    limit = visitors.Limit("test", 2, 3)

    def may(token: str, address: str, hours: int = 0) -> bool:
        return visitors.may_post(limit, token, address, at=AT + hours * HOUR)

    assert [may(token, "192.0.2.1") for token in "aaab"] == [True, True, False, False]
    assert (may("a", "192.0.2.2"), may("b", "192.0.2.2")) == (False, True)
    assert (may("a", "192.0.2.1", hours=1), PostCount.objects.count()) == (True, 4)
    assert (may("a", "192.0.2.1", hours=3), PostCount.objects.count()) == (True, 2)


def test_who_is_refused_uses_up_nothing_of_others(db: None) -> None:
    limit = visitors.Limit("test", 5, 2)

    flood = [visitors.may_post(limit, "a", f"2001:db8:1:2::{number}", at=AT) for number in range(1, 8)]

    assert flood == [True, True, *[False] * 5]
    assert visitors.may_post(limit, "a", "2001:db8:1:3::1", at=AT)


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("what", ["updates", "wishes"])
def test_where_there_is_no_page_nothing_can_be_posted(order: Order, what: str) -> None:
    path = f"/t/{order.page_token}/{what}/"
    tracking_page.take_back(order, by=Actor(), at=timezone.now())
    answers = [Client().post(each, {"email": ZOE}) for each in (path, f"/t/never-was/{what}/")]

    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert not PostCount.objects.exists()


@pytest.mark.usefixtures("page")
def test_who_opens_what_is_posted_to_is_led_to_the_page(order: Order) -> None:
    for what in ("updates", "wishes"):
        assert Client().get(f"/t/{order.page_token}/{what}/").headers["Location"] == f"/t/{order.page_token}/"


# What a merchant sets


@pytest.mark.parametrize(("by_email", "by_sms"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_merchant_chooses_the_channels(order: Order, page: TrackingPage, by_email: bool, by_sms: bool) -> None:
    TrackingPage.objects.update(by_email=by_email, by_sms=by_sms)
    shown = Client().get(f"/t/{order.page_token}/").content.decode()
    tick(order, email=ZOE, phone=NUMBER)

    assert ('name="email"' in shown, 'name="phone"' in shown) == (by_email, by_sms)
    assert ('id="updates"' in shown) is (by_email or by_sms)
    assert [each[1] for each in kept()] == [["email"]] * by_email + [["sms"]] * by_sms


@pytest.mark.parametrize(("language", "has_box"), [("en", True), ("de", False)])
def test_without_a_text_in_the_language_there_is_no_box(order: Order, language: str, has_box: bool) -> None:
    TrackingPage.objects.create(
        merchant=order.merchant, by_email=True, consent_texts={"en": TEXTS["en"]}, consent_version=1
    )
    shown = Client().get(f"/t/{order.page_token}/?lang={language}").content.decode()
    post(order, f"?lang={language}", email=ZOE, consent="yes", version="en-1" if has_box else "")

    assert ('name="consent"' in shown) is has_box
    assert ConsentRecord.objects.exists() is has_box


def test_each_change_of_the_texts_counts_their_version_on(merchant: Merchant) -> None:
    actor = Actor()
    versions = []
    changes: Iterator[dict[str, Any]] = iter(
        [{"consent_texts": TEXTS}, {"consent_texts": TEXTS}, {"footer": "Alba"}, {"consent_texts": {}}]
    )
    for values in changes:
        page = tracking_page.change(merchant, by=actor, at=timezone.now(), **values)
        versions.append((page.consent_version, page.consent_shown("de")))

    shown = (TEXTS["de"], "de-1")
    assert versions == [(1, shown), (1, shown), (1, shown), (2, ("", ""))]


def test_two_merchants_keep_their_consents_apart(order: Order, page: TrackingPage) -> None:
    other = make_merchant()
    theirs = place(other)
    TrackingPage.objects.create(merchant=other, by_email=True, consent_texts={"en": "Other."}, consent_version=2)
    tick(theirs, email=ZOE)

    assert ConsentRecord.objects.get().merchant == other
    assert ConsentRecord.objects.get().text == "Other."
    assert Connection.objects.get(deliveries__change__isnull=False).merchant == other
    assert not Customer.objects.for_merchant(order.merchant).filter(email=ZOE).exists()


@pytest.mark.usefixtures("page")
def test_the_form_costs_no_query_and_its_post_few(order: Order) -> None:
    Client().get(f"/t/{order.page_token}/")
    with CaptureQueriesContext(connection) as shown:
        Client().get(f"/t/{order.page_token}/")
    cost = len(shown)
    with CaptureQueriesContext(connection) as posted:
        tick(order, email=ZOE, phone=NUMBER)

    assert cost == 5
    assert len(posted) <= 54
