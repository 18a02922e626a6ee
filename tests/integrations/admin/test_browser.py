"""The admin in a browser: nothing breaks its policy, nothing comes from elsewhere, and it fits a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from integrations import staff
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Merchant, SourceSecret
from tracking.models import StalledPolicy

from . import rows
from .conftest import PASSWORD
from .test_orders import order

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
KEY = "pk_sandbox_browser_canary"


class Watched:
    """A page, with everything on it that should not be."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page, self.origin = page, origin
        self.faults: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self._request)

    def open(self, path: str) -> None:
        """Go there and wait until all is loaded."""
        self.page.goto(self.origin + path, wait_until="load")

    @property
    def overhang(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.origin, "data:")):
            self.faults.append(f"asked {request.url}")


@pytest.fixture(scope="module")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """The test database is made before: made while Playwright's event loop runs, it belongs to a connection of that loop."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def watched(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer) -> Iterator[Watched]:
    """A CSM's window, signed in through the form."""
    staff.make_csm("carla", PASSWORD)
    context = browser.new_context(viewport=request.param)
    watched = Watched(context.new_page(), live_server.url)
    watched.open("/admin/")
    watched.page.fill("#id_login", "carla")
    watched.page.fill("#id_password", PASSWORD)
    watched.page.click("button[type=submit]")
    watched.page.wait_for_url(f"{live_server.url}/admin/")
    yield watched
    context.close()


def fill(page: Page, key: str) -> None:
    """Fill in what an error empties, and send."""
    page.fill("#id_klaviyo_key", key)
    page.click("text=Check the key and take on")


def test_taking_on_a_merchant(watched: Watched, klaviyo: Sandbox) -> None:
    page = watched.page
    watched.open("/admin/integrations/merchant/onboard/")
    page.fill("#id_name", "Acme Outdoor")
    page.fill("#id_shop_domains", "acme.myshopify.com")
    page.locator("#id_timezone").evaluate(
        "select => { select.value = 'Europe/Berlin'; select.dispatchEvent(new Event('change')) }"
    )
    page.check("#id_source_easypost")
    page.check("input[name=packs][value=order_tracking]")
    fill(page, "a-wrong-canary-key")
    page.wait_for_selector("text=Klaviyo does not accept this key.")
    refused = page.content()
    fill(page, KEY)
    page.wait_for_url("**/welcome/")
    welcome = page.content()

    assert ("a-wrong-canary-key" in refused, KEY in welcome) == (False, False)
    assert SourceSecret.objects.get().current.reveal() in welcome
    assert (watched.faults, watched.overhang) == ([], 0)


def test_a_pack_s_box_ticks_its_metrics_and_follows_them(watched: Watched) -> None:
    page = watched.page
    watched.open("/admin/integrations/merchant/onboard/")
    pack = page.locator("[data-pack]").first
    pack.locator("[data-pack-whole]").check()
    all_chosen = pack.locator("[data-pack-metric]:checked").count()
    pack.locator("[data-pack-metric]").first.uncheck()

    assert all_chosen == pack.locator("[data-pack-metric]:not([data-pack-optional])").count()
    assert (pack.locator("[data-pack-whole]").is_checked(), watched.faults) == (False, [])


def test_every_kind_of_page_keeps_the_policy_and_fits(watched: Watched) -> None:
    merchant = rows.merchant()
    event = rows.event(merchant, tracking_number="1Z999")
    rows.attempt(rows.delivery(event))
    message = rows.message(merchant)
    paths = [
        "/admin/",
        "/admin/integrations/merchant/",
        f"/admin/integrations/merchant/{merchant.pk}/change/",
        f"/admin/integrations/connection/{merchant.connections.get().pk}/change/",
        "/admin/integrations/event/",
        f"/admin/integrations/event/{event.pk}/change/",
        "/admin/integrations/delivery/?state__exact=dead",
        f"/admin/integrations/inboundmessage/{message.pk}/change/",
        f"/admin/integrations/inboundmessage/?merchant__id__exact={merchant.pk}",
        "/admin/tracking/order/",
    ]
    wide = []
    for path in paths:
        watched.open(path)
        if watched.overhang > 0:
            wide.append(path)

    assert (watched.faults, wide) == ([], [])


def test_a_button_does_its_deed(watched: Watched) -> None:
    merchant = rows.merchant()
    watched.open(f"/admin/integrations/merchant/{merchant.pk}/change/")
    watched.page.get_by_role("button", name="Pause", exact=False).first.click()
    watched.page.wait_for_selector("text=1 merchant paused")
    merchant.refresh_from_db()

    assert (merchant.state, watched.faults) == (Merchant.State.PAUSED, [])


def test_changing_when_something_stalls(watched: Watched) -> None:
    page, merchant = watched.page, rows.merchant()
    watched.open("/admin/tracking/stalledpolicy/add/")
    watched.open(f"/admin/tracking/stalledpolicy/add/?merchant={merchant.pk}")
    page.fill("#id_hours_in_transit", "12")
    page.get_by_label("Sunday").uncheck()
    page.fill("#id_overrides", "ups, any, never, 96")
    overhang = watched.overhang
    page.click("text=Save as a new version")
    page.wait_for_selector("text=with less than 24 h")
    version = StalledPolicy.objects.get()
    watched.open(f"/admin/tracking/stalledpolicy/{version.pk}/change/")

    assert (version.hours_in_transit, version.excluded_weekdays) == (12, [5])
    assert (watched.faults, overhang, watched.overhang) == ([], 0, 0)


def test_seeing_what_a_change_would_do(watched: Watched) -> None:
    page, merchant = watched.page, rows.merchant()
    made = order(merchant, "#1001", "ada@example.com", "1Z999")
    type(made).objects.update(placed_at=timezone.now() - timedelta(days=9))
    watched.open(f"/admin/tracking/stalledpolicy/add/?merchant={merchant.pk}")
    page.fill("#id_hours_until_fulfillment", "48")
    page.get_by_label("Sunday").uncheck()
    page.click("text=30 days")
    page.wait_for_selector("#preview")
    overhang = watched.overhang
    page.get_by_role("button", name="List of").first.click()
    page.wait_for_selector("#behind >> text=#1001")

    assert (page.input_value("#id_hours_until_fulfillment"), page.get_by_label("Sunday").is_checked()) == ("48", False)
    assert (watched.faults, overhang, watched.overhang, StalledPolicy.objects.count()) == ([], 0, 0, 0)
