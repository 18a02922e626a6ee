"""The shopper's page in a browser: light, within its policy, for every eye and every screen, with and without JavaScript."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Connection, Membership, Merchant
from tests.integrations.web.test_browser import RULES
from tests.support.browsing import DESKTOP, PHONE, Watched, browser, page, resize
from tests.support.world import Shop, World
from tests.tracking.telling import make_merchant
from tracking.inputs import LineInput
from tracking.models import Order, TrackingPage

from .conftest import place

__all__ = ["browser", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PICTURES = os.environ.get("PICTURES_OF_PAGES", "")
"""A folder: pictures of what is tested are written there."""


OFFERS: dict[str, Any] = {
    "by_email": True,
    "by_sms": True,
    "has_wishes": True,
    "consent_texts": {"en": "Yes, send me news.", "de": "Ja, schickt mir Neues."},
    "consent_version": 1,
}
"""All that shoppers can do."""


@pytest.fixture
def merchant(transactional_db: Any) -> Merchant:
    merchant = make_merchant()
    TrackingPage.objects.create(
        merchant=merchant,
        message="Our winter sale has begun.",
        links=[["Contact us", "https://shop.example/contact"], ["Returns", "https://shop.example/returns"]],
        footer="Alba GmbH, Hamburg",
        **OFFERS,
    )
    return merchant


@pytest.fixture
def order(merchant: Merchant) -> Order:
    """Without pictures: a test asks no other site for one."""
    lines = (
        LineInput("11", "Wool jumper", variant_name="Blue / L"),
        LineInput("12", "Walking socks", quantity=2, ordered=2),
    )
    return place(merchant, lines=lines)


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def shopper(
    request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer
) -> Iterator[tuple[Watched, bool]]:
    """Somebody in Tokyo."""
    context = browser.new_context(java_script_enabled=request.param, timezone_id="Asia/Tokyo")
    yield Watched(context.new_page(), live_server.url), request.param
    context.close()


LANGUAGES = {
    "en": ("Out for delivery", "Times are those of Berlin."),
    "de": ("In Zustellung", "Uhrzeiten gelten für Berlin."),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_request_shows_it_to_everybody(order: Order, shopper: tuple[Watched, bool], language: str) -> None:
    watched, has_script = shopper
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    headline, zone = LANGUAGES[language]
    for size in (DESKTOP, PHONE):
        asked.clear()
        resize(watched.page, size)
        watched.open(f"/t/{order.page_token}/?lang={language}")

        assert watched.page.text_content("h1") == headline
        assert len([each for each in asked if not each.startswith("data:")]) == 1
        assert len(watched.page.content().encode()) < 100_000
        if has_script:
            found = Axe().run(watched.page, options=RULES).response["violations"]
            assert [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found] == []
            assert watched.overhang <= 0
            assert watched.page.text_content("#zone") != zone, "they are those of the device"
        else:
            assert watched.page.text_content("#zone") == zone
        if PICTURES:
            name = f"{language}-{size['width']}{'' if has_script else '-plain'}.png"
            watched.page.screenshot(path=Path(PICTURES) / name, full_page=True)
    assert watched.faults == []


@pytest.fixture
def shop(live_server: LiveServer, settings: Any) -> Iterator[Shop]:
    """A merchant whose account has a list of single opt-in."""
    with Sandbox() as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        made = World(sandbox, live_server.url).shop(packs=["returns_and_tracking"])
        headers = {"Authorization": f"Klaviyo-API-Key {made.key}", "revision": "2026-07-15"}
        news = {"data": {"type": "list", "attributes": {"name": "News", "opt_in_process": "single_opt_in"}}}
        answer = requests.post(f"{sandbox.url}/api/lists", json=news, headers=headers, timeout=10)
        Connection.objects.filter(pk=made.connection.pk).update(marketing_list_id=answer.json()["data"]["id"])
        TrackingPage.objects.create(merchant=made.merchant, **OFFERS)
        yield made


def test_a_shopper_mistypes_signs_up_and_saves_a_product(shop: Shop, shopper: tuple[Watched, bool]) -> None:
    """With JavaScript and without, to the profile at Klaviyo; the keyboard is where the mistake is."""
    (watched, has_script), order = shopper, place(shop.merchant, lines=(LineInput("11", "Wool jumper"),))
    page = watched.page
    watched.open(f"/t/{order.page_token}/?lang=en")
    page.fill("#email", "zoe@")
    page.click("text=Sign up")
    page.get_by_text("Please look at the e-mail address once more.").wait_for()
    assert page.input_value("#email") == "zoe@"
    assert page.locator("#email:focus").count() == 1
    if has_script:
        found = Axe().run(page, options=RULES).response["violations"]
        assert [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found] == []
    page.fill("#email", "zoe@friend.example")
    page.check("#consent")
    page.click("text=Sign up")
    page.get_by_text("We have noted that you want to hear of this order, and our news.").wait_for()
    assert page.locator("#email").count() == 0
    page.get_by_role("button", name="Save for later: Wool jumper").first.click()
    page.locator("#wished").get_by_text("Saved").wait_for()
    assert watched.page.context.cookies() == []
    shop.world.work()

    (zoe,) = [each for each in shop.world.sandbox.profiles(shop.public_key) if each["email"] == "zoe@friend.example"]
    assert zoe["consent"]["email"]["state"] == "SUBSCRIBED"
    assert zoe["consent"]["email"]["custom_source"] == "Tracking page"
    assert shop.one("Product Added to Wishlist")["properties"]["ProductName"] == "Wool jumper"
    assert [each for each in watched.faults if "422" not in each] == []


def test_a_merchant_sees_it_change_before_it_is_saved(merchant: Merchant, page: Page, live_server: LiveServer) -> None:
    owner = User.objects.create_user("olga@alba.example", "olga@alba.example", "a-long-password")
    Membership.objects.create(merchant=merchant, user=owner, role="owner")
    watched = Watched(page, live_server.url)
    watched.sign_in(owner)
    found: list[str] = []
    for size in (PHONE, DESKTOP):
        resize(page, size)
        watched.open(f"/m/{merchant.public_id}/tracking-page/")
        page.frame_locator("iframe").get_by_text("Our winter sale has begun.").wait_for()
        # What is in the frame is tested by itself.
        violations = Axe().run(page, options=RULES | {"iframes": False}).response["violations"]
        found += [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in violations]
        assert watched.overhang <= 0
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"settings-{size['width']}.png", full_page=True)
    page.fill("#id_message", "It is spring.")
    page.press("#id_message", "Tab")
    page.frame_locator("iframe").get_by_text("It is spring.").wait_for()
    assert TrackingPage.objects.get().message == "Our winter sale has begun."
    page.click("text=Save")
    page.wait_for_selector("text=The pages of all your shoppers look like this now.")

    assert TrackingPage.objects.get().message == "It is spring."
    assert (found, watched.faults) == ([], [])
    watched.leave()
