"""The shopper's page in a browser: light, within its policy, for every eye and every screen, with and without JavaScript."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from integrations.models import Membership, Merchant
from tests.integrations.web.test_browser import RULES
from tests.support.browsing import DESKTOP, PHONE, Watched, browser, page, resize
from tests.tracking.telling import make_merchant
from tracking.inputs import LineInput
from tracking.models import Order, TrackingPage

from .conftest import place

__all__ = ["browser", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PICTURES = os.environ.get("PICTURES_OF_PAGES", "")
"""A folder: pictures of what is tested are written there."""


@pytest.fixture
def merchant(transactional_db: Any) -> Merchant:
    merchant = make_merchant()
    TrackingPage.objects.create(
        merchant=merchant,
        message="Our winter sale has begun.",
        links=[["Contact us", "https://shop.example/contact"], ["Returns", "https://shop.example/returns"]],
        footer="Alba GmbH, Hamburg",
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
