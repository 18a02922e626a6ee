"""Codes for offline purchases in a browser: made and printed by a merchant, used on a phone without JavaScript."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from integrations.models import Membership, Merchant
from loyalty.models import Member, OfflineBatch
from loyalty.services import offline_codes
from loyalty.services.offline_codes import Named
from tests.integrations.web.test_browser import RULES
from tests.loyalty.telling import merchant_with_programme
from tests.support.browsing import DESKTOP, PHONE, Watched, browser, page, resize
from tracking.models import TrackingPage

__all__ = ["browser", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PICTURES = os.environ.get("PICTURES_OF_PAGES", "")
"""A folder: pictures of what is tested are written there."""


@pytest.fixture
def merchant(transactional_db: Any) -> Merchant:
    merchant = merchant_with_programme()
    TrackingPage.objects.create(merchant=merchant, accent="#7a3b12", footer="Alba GmbH, Hamburg")
    return merchant


def picture(watched: Watched, name: str) -> None:
    """For people to look at."""
    if PICTURES:
        watched.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def violations(page: Page) -> list[str]:
    """What an eye or a screen reader stumbles over."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found]


def test_from_the_form_to_the_sheet_to_the_points(
    merchant: Merchant, page: Page, browser: Browser, live_server: LiveServer, settings: Any
) -> None:
    settings.PUBLIC_BASE_URL = live_server.url
    editor = User.objects.create_user("edith@alba.example", "edith@alba.example", "a-long-password")
    Membership.objects.create(merchant=merchant, user=editor, role="editor")
    watched, found = Watched(page, live_server.url), []
    watched.sign_in(editor)
    watched.open(f"/m/{merchant.public_id}/loyalty/codes/")
    for label, value in (("Name", "Tea tins"), ("Points of each code", "50"), ("How many codes", "9")):
        page.get_by_label(label).fill(value)
    page.click("text=Make them")
    page.get_by_role("heading", name="Tea tins").wait_for()
    batch = OfflineBatch.objects.get()

    shopper = Watched(browser.new_context(java_script_enabled=False, viewport=PHONE).new_page(), live_server.url)
    shopper.page.goto(offline_codes.address(offline_codes.write(Named(batch.pk, 7))))
    assert shopper.page.text_content("h1") == "50 points for you"
    picture(shopper, "code-360")
    shopper.page.fill("#contact", "zoe@")
    shopper.page.click("text=Get the points")
    shopper.page.get_by_text("Please look at the e-mail address once more.").wait_for()
    assert shopper.page.locator("#contact:focus").count() == 1
    picture(shopper, "code-wrong-360")
    shopper.page.fill("#contact", "zoe@friend.example")
    shopper.page.click("text=Get the points")
    shopper.page.get_by_text("You have got 50 points").wait_for()
    picture(shopper, "code-done-360")
    assert shopper.page.context.cookies() == []
    assert [each for each in shopper.faults if "422" not in each] == []
    shopper.page.context.close()
    assert Member.objects.get(customer__email="zoe@friend.example").balance == 50

    used, free = (offline_codes.write(Named(batch.pk, number)) for number in (7, 8))
    paths = {f"/m/{merchant.public_id}/loyalty/codes/{rest}": name for rest, name in _pages(batch)}
    paths |= {f"/p/{free}/?lang=de": "code-de", f"/p/{used}/": "code-used", "/p/": "typing", "/p/?code=2222": "no-code"}
    for size in (PHONE, DESKTOP):
        resize(page, size)
        for path, name in paths.items():
            watched.open(path)
            found += violations(page)
            found += [f"{path} is wider than {size['width']}"] if watched.overhang > 0 else []
            picture(watched, f"{name}-{size['width']}")
    if PICTURES:
        watched.open(f"/m/{merchant.public_id}/loyalty/codes/{batch.pk}/sheet/")
        page.pdf(path=Path(PICTURES) / "sheet.pdf", prefer_css_page_size=True, print_background=True)
    assert (found, [each for each in watched.faults if "404" not in each and "410" not in each]) == ([], [])
    watched.leave()


def _pages(batch: OfflineBatch) -> list[tuple[str, str]]:
    return [("", "batches"), (f"{batch.pk}/", "batch"), (f"{batch.pk}/sheet/", "sheet")]
