"""The admin in a browser: nothing breaks its policy, nothing comes from elsewhere, and it fits a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from integrations import staff
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Merchant, SourceSecret
from lifecycle.services import rules
from tests.support.browsing import Watched, browser, page, window
from tracking.models import StalledPolicy

from . import rows
from .conftest import PASSWORD
from .test_orders import order
from .test_subscribers import change, subscriber

__all__ = ["browser", "page", "window"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEY = "pk_sandbox_browser_canary"


@pytest.fixture
def watched(window: Page, live_server: LiveServer) -> Iterator[Watched]:
    """A CSM's window."""
    csm, _ = staff.make_csm("carla", PASSWORD)
    watched = Watched(window, live_server.url)
    watched.sign_in(csm)
    yield watched
    watched.leave()


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
    plan = subscriber(merchant, "bea", status="Active", box="Small box", started_at=rows.AT)
    held = change(merchant, status_lists={"Active": "Y6nRLr"})
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
        "/admin/lifecycle/plan/",
        f"/admin/lifecycle/plan/{plan.pk}/change/",
        "/admin/lifecycle/lifecyclerules/",
        f"/admin/lifecycle/lifecyclerules/{held.pk}/change/",
        "/admin/lifecycle/lifecyclerules/add/",
        "/admin/lifecycle/statuslist/",
    ]
    watched.page.context.clear_cookies()
    watched.open("/admin/")
    wide = ["the form to sign in"] if watched.overhang > 0 else []
    watched.page.fill("#id_login", "carla")
    watched.page.fill("#id_password", PASSWORD)
    watched.page.click("button[type=submit]")
    watched.page.wait_for_url(f"{watched.origin}/admin/")
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


def test_setting_the_rules_of_subscribers(watched: Watched) -> None:
    page, merchant = watched.page, rows.merchant()
    watched.open(f"/admin/lifecycle/lifecyclerules/add/?merchant={merchant.pk}")
    page.fill("#id_status_lists", "Active = Y6nRLr")
    page.locator("#id_suppresses").uncheck()
    page.fill("#id_missed_signup_hours", "48")
    overhang = watched.overhang
    page.click("text=Save the rules")
    page.wait_for_selector("text=It holds for what happens from now on.")
    held = rules.of(merchant)

    assert (held.suppresses, held.missed_signup_hours, held.signed_identities_only) == (False, 48, True)
    assert page.get_by_text("Active: Y6nRLr").is_visible()
    assert (watched.faults, overhang, watched.overhang) == ([], 0, 0)
