"""The merchants' pages in a browser: within their policy, for every eye and every screen, and quick to the reason why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from integrations import models
from integrations.models import AlertAddress, Connection, Customer, Delivery, Lane, Membership, Merchant, ProfileChange
from tests.support.browsing import DESKTOP, PHONE, Watched, browser, page, resize, window
from tracking.models import Issue, Order, OrderLine, StalledPolicy

from .conftest import PASSWORD
from .test_events import record
from .test_profiles import sign_up

__all__ = ["browser", "page", "window"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]},
    "resultTypes": ["violations"],
}


@pytest.fixture
def merchant(transactional_db: Any) -> Merchant:
    """With events of the last days, one of which failed, and an order that waits."""
    merchant = Merchant.objects.create(name="Alba", timezone="America/New_York")
    at = timezone.now().replace(microsecond=0)
    connection = Connection.objects.create(merchant=merchant, launch_at=at - timedelta(days=90), launched_at=at)
    Lane.objects.create(merchant=merchant, connection=connection)
    AlertAddress.objects.create(merchant=merchant, email="ops@alba.example", created_at=at, daily_list_at=time(8))
    models.TestEvent.objects.create(
        merchant=merchant, metric_name="Order shipped", email="ops@alba.example", sent_at=at, status=202
    )
    ann = Customer.objects.create(merchant=merchant, email="ann@shopper.example", first_name="Ann")
    for number in range(8):
        event = record(merchant, connection, number, customer=ann)
        event.occurred_at = event.recorded_at = at - timedelta(days=number)
        event.save()
        # Nothing of after the launch was sent, so that the way to going live is shown.
        Delivery.objects.filter(event=event).update(
            settled_at=at, created_at=at - timedelta(seconds=2), is_backfill=True
        )
    Delivery.objects.filter(event__order_number="#3").update(state="dead", reason="rejected", error="Invalid phone")
    sign_up(merchant)
    order = Order.objects.create(
        merchant=merchant,
        external_id="3",
        number="#3",
        customer=ann,
        placed_at=at - timedelta(days=5),
        source_updated_at=at,
        recorded_at=at,
    )
    Issue.objects.create(merchant=merchant, order=order, problem="FulfillmentStalled", occurred_at=at, recorded_at=at)
    OrderLine.objects.create(
        merchant=merchant, order=order, external_id="1", product_name="Jumper", quantity=1, ordered=1
    )
    return merchant


@pytest.fixture
def owner(merchant: Merchant) -> User:
    """Of the merchant."""
    user = User.objects.create_user("olga@alba.example", "olga@alba.example", PASSWORD)
    Membership.objects.create(merchant=merchant, user=user, role="owner")
    return user


@pytest.fixture
def watched(window: Page, live_server: LiveServer, owner: User) -> Iterator[Watched]:
    """The owner's window."""
    watched = Watched(window, live_server.url)
    watched.sign_in(owner)
    yield watched
    watched.leave()


@pytest.fixture
def signed_in(page: Page, live_server: LiveServer, owner: User) -> Iterator[Watched]:
    """By the form: pages about one's account want to know that it was just now."""
    resize(page, DESKTOP)
    watched = Watched(page, live_server.url)
    watched.open("/")
    page.fill("#id_login", owner.email)
    page.fill("#id_password", PASSWORD)
    page.click("text=Sign in >> nth=-1")
    page.wait_for_url("**/m/**")
    yield watched
    watched.leave()


def complaints(watched: Watched) -> list[str]:
    """What a check for accessibility finds on the page that is open."""
    found = Axe().run(watched.page, options=RULES).response["violations"]
    return [f"{watched.page.url}: {each['id']}: {each['nodes'][0]['html'][:120]}" for each in found]


@pytest.mark.parametrize("looks", [1, pytest.param(2, marks=pytest.mark.full)], ids=["in turns", "in both sizes"])
def test_every_page_is_accessible_fits_and_keeps_the_policy(signed_in: Watched, merchant: Merchant, looks: int) -> None:
    """The check for accessibility takes a third of a second: in short one page has it on the desktop, the next on the phone."""
    watched = signed_in
    at = f"/m/{merchant.public_id}/"
    event = Delivery.objects.get(state="dead").event_id
    change = ProfileChange.objects.get().pk
    paths = [
        f"{at}replay/",
        f"{at}alerts/",
        f"{at}replay/?metric=order_shipped",
        at,
        f"{at}events/",
        f"{at}events/?q=nothing",
        f"{at}events/{event}/",
        f"{at}profile-changes/",
        f"{at}profile-changes/?state=failed",
        f"{at}profile-changes/{change}/",
        f"{at}why/",
        f"{at}why/?q=%233",
    ]
    paths += [
        f"{at}metrics/",
        f"{at}sources/",
        f"{at}test-events/",
        f"{at}tokens/",
        f"{at}issues/",
        f"{at}issues/?problem=FulfillmentStalled",
        f"{at}issues/?problem=ShipmentReturnToSender",
        f"{at}stalled/",
        f"{at}tracking-page/",
        f"{at}loyalty/campaigns/new/",
        f"{at}onsite/",
        f"{at}onsite/?form=first_party",
        f"{at}subscribers/",
        f"{at}subscribers/?q=nobody@shopper.example",
        f"{at}subscribers/missed/",
        f"{at}connection/",
        f"{at}team/",
        f"{at}changes/",
    ]
    paths += ["/accounts/2fa/", "/accounts/email/", "/accounts/password/change/", "/accounts/login/"]
    found: list[str] = []
    sizes = [DESKTOP, PHONE]
    for path in paths:
        watched.open(path)
        for number, size in enumerate(sizes):
            resize(watched.page, size)
            found += complaints(watched) if number < looks else []
            if watched.overhang > 0:
                found.append(f"{path} is too wide at {size['width']}")
        # The next one is opened in the size that this one ended in.
        sizes.reverse()

    assert (found, watched.faults) == ([], [])


def test_the_preview_follows_the_form_before_it_is_saved(watched: Watched, merchant: Merchant) -> None:
    page = watched.page
    watched.open(f"/m/{merchant.public_id}/stalled/")
    page.fill("#id_hours_until_fulfillment", "12")
    page.press("#id_hours_until_fulfillment", "Tab")
    page.wait_for_selector("text=Nothing is saved yet.")
    page.locator("summary").first.click()
    assert not StalledPolicy.objects.exists()
    found = complaints(watched)
    assert watched.overhang <= 0
    page.click("text=Save as a new version")
    page.wait_for_selector("text=Version 1 holds for orders that are placed from now on.")

    assert StalledPolicy.objects.get().hours_until_fulfillment == 12
    assert (found, watched.faults, watched.overhang) == ([], [], 0)


def test_from_an_order_number_to_the_reason_in_two_steps(watched: Watched, merchant: Merchant) -> None:
    page = watched.page
    watched.open("/")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Why?").click()
    page.get_by_label("Order number, tracking number, e-mail or phone").fill("3")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Klaviyo refused it. Invalid phone")

    assert watched.faults == []


@pytest.mark.parametrize("page_name", ["", "events/"])
def test_from_any_list_to_the_reason_in_one_step(watched: Watched, merchant: Merchant, page_name: str) -> None:
    page = watched.page
    watched.open(f"/m/{merchant.public_id}/{page_name}")
    page.get_by_role("search").locator("input").first.fill("3")
    page.get_by_role("button", name="Why?").click()
    page.wait_for_selector("text=Klaviyo refused it.")

    assert watched.faults == []


def test_everything_is_reached_by_the_keyboard(watched: Watched, merchant: Merchant) -> None:
    page = watched.page
    watched.open(f"/m/{merchant.public_id}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim()"))

    assert {
        "Overview",
        "Events",
        "Why?",
        "Issues",
        "Stalled",
        "Loyalty",
        "Sending",
        "Connections",
        "Team",
        "Sign out",
    } <= reached
