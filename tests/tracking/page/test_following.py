"""The page on which a shopper follows an order: who gets it, what is on it, and what is not."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.audit import Actor
from integrations.models import Customer, Merchant
from integrations.people import PersonInput
from tests.tracking.telling import make_merchant
from tracking.models import Order, OrderLine, Scan, Shipment, TrackingPage
from tracking.models.page import MOST_CONSENT
from tracking.page import links, visitors
from tracking.services import tracking_page

from .conftest import DAY, SECRETS, place


def get(order: Order, query: str = "", **headers: str) -> Any:
    """What a shopper gets who has the address."""
    return Client(headers=headers).get(f"/t/{order.page_token}/{query}")


def text(order: Order, query: str = "", **headers: str) -> str:
    return str(get(order, query, **headers).content.decode())


def test_a_token_is_long_and_never_the_same() -> None:
    tokens = {links.new_token() for _ in range(1_000)}

    assert len(tokens) == 1_000
    assert {len(each) for each in tokens} == {24}


def test_the_address_is_that_of_the_page(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://tidings.example"

    assert links.address("abc") == f"https://tidings.example{reverse('follow', args=['abc'])}"
    assert (links.address(""), links.address(None)) == ("", "")


def test_it_shows_where_the_order_is(order: Order) -> None:
    page = text(order)

    for shown in (
        "Hello Ann,",
        "Out for delivery",
        "Order #1",
        "Wool jumper",
        "Blue / L",
        "Arrived at a depot",
        "Hamburg",
    ):
        assert shown in page
    assert 'href="https://carrier.example/1Z1"' in page
    assert 'src="https://shop.example/jumper.jpg"' in page
    assert re.search(r"Still to be shipped.*Walking socks", page, re.DOTALL)
    assert "Expected today." in page


def test_it_tells_nothing_of_the_person_but_the_first_name_and_the_city(order: Order) -> None:
    stored = str([list(model.objects.values()) for model in (Order, Customer, Scan)])
    assert [secret for secret in SECRETS if secret not in stored] == []
    page = text(order)

    assert [secret for secret in SECRETS if secret in page] == []
    assert "59.9" not in page


def test_two_merchants_with_the_same_order_show_each_its_own(order: Order) -> None:
    other = make_merchant()
    Merchant.objects.filter(pk=other.pk).update(name="Bora")
    TrackingPage.objects.create(merchant=other, footer="Bora GmbH", accent="#aa0000")
    theirs = place(other, number="#1", lines=(), person=PersonInput(email="zoe@shopper.example", first_name="Zoe"))
    mine, others = text(order), text(theirs)

    assert order.page_token != theirs.page_token
    assert ("Bora" in mine, "Zoe" in mine, "#aa0000" in mine) == (False, False, False)
    assert ("Bora GmbH" in others, "Zoe" in others, "#aa0000" in others) == (True, True, True)
    assert ("Wool jumper" in others, "Ann" in others) == (False, False)


GONE: dict[str, Any] = {
    "taken back": lambda order: tracking_page.take_back(order, by=Actor(), at=timezone.now()),
    "renewed": lambda order: tracking_page.renew(order, by=Actor(), at=timezone.now()),
    "expired": lambda order: Order.objects.filter(pk=order.pk).update(delivered_at=timezone.now() - 91 * DAY),
    "of a cancelled order": lambda order: Order.objects.filter(pk=order.pk).update(
        cancelled_at=timezone.now() - 91 * DAY
    ),
    "never ended": lambda order: (
        Order.objects.filter(pk=order.pk).update(placed_at=timezone.now() - 400 * DAY),
        Shipment.objects.update(last_scan_at=timezone.now() - 366 * DAY),
    ),
    "deleted": lambda order: order.delete(),
}


@pytest.mark.parametrize("end", GONE.values(), ids=GONE.keys())
def test_a_page_that_is_gone_is_as_one_that_never_was(order: Order, end: Any) -> None:
    token = order.page_token
    assert get(order).status_code == 200
    end(order)
    answers = [Client().get(f"/t/{each}/") for each in (token, "never-was")]

    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    told = [{name: each.headers[name] for name in each.headers if name != "X-Request-Id"} for each in answers]
    assert told[0] == told[1]
    assert b"This page is not there" in answers[0].content


def test_the_token_of_all_that_were_taken_back_leads_nowhere(order: Order) -> None:
    tracking_page.take_back(order, by=Actor(), at=timezone.now())

    assert [Client().get(path).status_code for path in ("/t//", "/t/%20/", "/t/None/")] == [404, 404, 404]


def test_a_merchant_says_how_long_a_page_stays(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(delivered_at=timezone.now() - 9 * DAY)
    assert get(order).status_code == 200
    TrackingPage.objects.create(merchant=order.merchant, days=9)

    assert get(order).status_code == 404


def test_five_queries_make_a_page_and_one_says_that_there_is_none(order: Order) -> None:
    with CaptureQueriesContext(connection) as made:
        get(order)
    with CaptureQueriesContext(connection) as refused:
        Client().get("/t/never-was/")

    assert (len(made), len(refused)) == (5, 1)


def test_it_is_kept_by_the_browser_for_a_minute_and_then_asked_for(order: Order) -> None:
    page = get(order)

    assert page.headers["Cache-Control"] == "private, max-age=60"
    assert page.headers["Vary"] == "Accept-Language"
    assert page.cookies == {}
    again = get(order, **{"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Order.objects.filter(pk=order.pk).update(number="#2")
    assert get(order, **{"If-None-Match": page.headers["ETag"]}).status_code == 200


def test_no_engine_and_no_other_site_learns_of_it(order: Order) -> None:
    for page in (get(order), Client().get("/t/never-was/")):
        assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert b'<meta name="robots" content="noindex, nofollow">' in page.content


def test_the_policy_names_its_style_and_script_and_nothing_else(order: Order) -> None:
    page = get(order)
    policy = dict(each.partition(" ")[::2] for each in page.headers["Content-Security-Policy"].split("; "))
    hashes = {
        tag: "'sha256-"
        + base64.b64encode(
            hashlib.sha256(re.search(rb"<%b>(.*?)</%b>" % (tag, tag), page.content, re.DOTALL)[1]).digest()  # type: ignore[index]
        ).decode()
        + "'"
        for tag in (b"style", b"script")
    }

    assert policy == {
        "default-src": "'none'",
        "style-src": hashes[b"style"],
        "script-src": hashes[b"script"],
        "img-src": "https: data:",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


@pytest.fixture
def _one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """No minute begins while a test asks."""
    monkeypatch.setattr(visitors, "WINDOW", 24 * 3600)


@pytest.mark.usefixtures("_one_window")
def test_who_asks_too_often_waits_and_others_do_not(order: Order) -> None:
    asked = [get(order).status_code for _ in range(visitors.MOST_OF_TOKEN + 1)]
    refused = get(order)

    assert asked == [200] * visitors.MOST_OF_TOKEN + [429]
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(visitors.WINDOW))
    assert b"try again in a minute" in refused.content
    assert get(place(order.merchant, "2")).status_code == 200


@pytest.mark.usefixtures("_one_window")
def test_who_tries_tokens_waits(order: Order) -> None:
    asked = [Client().get(f"/t/guess{number}/").status_code for number in range(visitors.MOST_OF_ADDRESS + 1)]

    assert asked == [404] * visitors.MOST_OF_ADDRESS + [429]
    assert get(order).status_code == 429
    assert Client().get(f"/t/{order.page_token}/", REMOTE_ADDR="192.0.2.7").status_code == 200


def test_it_stays_small_however_much_is_in_an_order(merchant: Merchant) -> None:
    order = place(merchant)
    parcel = Shipment.objects.get()
    long = "ü" * 255
    OrderLine.objects.all().delete()
    OrderLine.objects.bulk_create(
        OrderLine(
            merchant=merchant,
            order=order,
            external_id=str(number),
            position=number,
            product_name=long,
            variant_name=long,
            quantity=1,
            ordered=1,
            image_url=f"https://shop.example/{'x' * 470}",
            product_url=f"https://shop.example/{'y' * 470}",
        )
        for number in range(500)
    )
    values = {name: getattr(parcel, name) for name in ("status", "status_at", "shipped_at", "source_updated_at")}
    Shipment.objects.bulk_create(
        Shipment(
            merchant=merchant,
            order=order,
            external_id=f"more{number}",
            fulfillment_id=f"more{number}",
            tracking_number="9" * 80,
            carrier="ü" * 60,
            carrier_url=f"https://carrier.example/{'z' * 470}",
            items=[[str(number), 1]],
            recorded_at=timezone.now(),
            **values,
        )
        for number in range(30)
    )
    Scan.objects.bulk_create(
        Scan(
            merchant=merchant,
            shipment=each,
            fingerprint=f"{number}",
            status="in_transit",
            city="ü" * 80,
            country="ü" * 60,
            occurred_at=timezone.now() - timedelta(minutes=number),
            recorded_at=timezone.now(),
        )
        for each in Shipment.objects.all()
        for number in range(40)
    )
    TrackingPage.objects.create(
        merchant=merchant,
        by_email=True,
        by_sms=True,
        has_wishes=True,
        consent_texts={"en": "ü" * MOST_CONSENT},
        message="ü" * 300,
        footer="ü" * 300,
        links=[["ü" * 40, f"https://shop.example/{'l' * 270}"]] * 5,
    )
    page = get(order)

    assert page.status_code == 200
    assert len(page.content) < 100_000
    assert b"23 more parcels are not shown." in page.content
    assert re.search(rb"and \d+ more", page.content)


def test_links_that_are_not_secure_are_left_out(merchant: Merchant) -> None:
    order = place(merchant)
    OrderLine.objects.update(image_url="http://shop.example/a.jpg", product_url="http://shop.example/a")

    assert "http://" not in text(order)


def test_an_order_of_before_gets_its_page_when_an_event_needs_it(merchant: Merchant) -> None:
    order = place(merchant)
    Order.objects.update(page_token=None)
    place(merchant)
    order.refresh_from_db()
    assert order.page_token is None, "nothing happened"
    place(merchant, updated_at=timezone.now(), cancelled_at=timezone.now())
    order.refresh_from_db()

    assert get(order).status_code == 200


def test_what_was_taken_back_is_not_made_anew_by_an_event(merchant: Merchant) -> None:
    order = place(merchant)
    tracking_page.take_back(order, by=Actor(), at=timezone.now())
    place(merchant, updated_at=timezone.now(), cancelled_at=timezone.now())
    order.refresh_from_db()

    assert order.page_token == ""
