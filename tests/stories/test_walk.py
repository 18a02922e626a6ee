"""One person's way through a merchant's pages in a browser: from the invitation to what failed, sent again."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from integrations import invitations, launch, staff
from integrations.audit import Actor
from integrations.models import Event, Replay
from integrations.tasks import deliver
from tests.support.browsing import DESKTOP, PHONE, Watched, browser
from tests.support.payloads import shopify_order
from tests.support.world import Shop, World
from tracking.models import Order, StalledPolicy

__all__ = ["browser"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

HOUR = timedelta(hours=1)
EMAIL, PASSWORD = "olga@alba.example", "correct horse battery staple"
UNHEARD_OF = "nobody@invalid.example"
"""A shopper whose address Klaviyo refuses."""


@pytest.fixture(params=[DESKTOP, pytest.param(PHONE, marks=pytest.mark.full)], ids=["desktop", "phone"])
def watched(request: Any, browser: Browser, world: World) -> Iterator[Watched]:
    """Somebody's window, not signed in."""
    context = browser.new_context(viewport=request.param, color_scheme="dark" if request.param is PHONE else "light")
    context.set_default_timeout(15_000)
    yield Watched(context.new_page(), world.site)
    context.close()


@pytest.fixture
def shop(world: World) -> Shop:
    """Goes live in an hour."""
    return world.shop(launch_at=timezone.now() + HOUR)


def test_from_the_invitation_to_what_failed_sent_again(world: World, shop: Shop, watched: Watched) -> None:
    page = watched.page
    take_the_place(shop, watched)
    sign_in_with_a_second_factor(watched, add_a_second_factor(watched))

    expect(page.get_by_role("heading", name="On the way to going live")).to_be_visible()
    page.get_by_role("link", name="Shopify was heard from").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sources")
    place(shop, 1, "#1001", email=UNHEARD_OF, customer={"id": 1, "email": UNHEARD_OF})
    launch.reschedule(shop.connection, launch_at=timezone.now() - 12 * HOUR, backfill_days=0, at=timezone.now())

    change_the_window(page)
    place(shop, 2, "#1002")
    old, new = Order.objects.order_by("pk")
    assert (old.stalled_policy, new.stalled_policy) == (None, StalledPolicy.objects.get())
    assert new.stalls_at is not None
    assert new.stalls_at - new.placed_at == 12 * HOUR

    world.sandbox.refuse_email(UNHEARD_OF)
    world.work()
    world.sandbox.refuse_email()
    send_again_what_failed(world, shop, page)
    ask_why(page)
    replay_one_order(page)

    break_the_key(world, shop, page)
    mend_it(world, shop, page)

    assert shop.states == {"sent": Event.objects.count()}
    assert (watched.faults, watched.overhang) == ([], 0)


def place(shop: Shop, key: int, number: str, **more: Any) -> None:
    """An order is placed now, and taken in."""
    at = timezone.now()
    assert shop.shopify("orders/create", shopify_order(key, at=at, number=number, **more)).status_code == 202
    shop.world.take_in()


def visit(page: Page, name: str) -> None:
    """Go to a page by the navigation."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()


def take_the_place(shop: Shop, watched: Watched) -> None:
    """A CSM invites the owner, who follows the link in the mail."""
    carla, _ = staff.make_csm("carla", PASSWORD)
    invitations.invite(shop.merchant, EMAIL, "owner", by=Actor(carla, as_staff=True), at=timezone.now())
    found = re.search(r"/invitations/\S+/", str(mail.outbox[-1].body))
    assert found
    watched.open(found[0])
    watched.page.fill("#id_password", PASSWORD)
    watched.page.get_by_role("button", name="Take the place").click()
    watched.page.wait_for_url("**/m/**")


def add_a_second_factor(watched: Watched) -> str:
    """Set up an authenticator app, and sign out; its secret."""
    page = watched.page
    page.get_by_role("link", name="Account").click()
    watched.open("/accounts/2fa/totp/activate/")
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    secret = page.input_value("#authenticator_secret")
    page.fill("#id_code", code(secret))
    page.get_by_role("button", name="Activate").click()
    page.wait_for_url("**/recovery-codes/**")
    watched.open("/")
    page.get_by_role("button", name="Sign out").click()
    return secret


def sign_in_with_a_second_factor(watched: Watched, secret: str) -> None:
    """With the password alone nobody is in."""
    page = watched.page
    watched.open("/")
    page.fill("#id_login", EMAIL)
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/2fa/authenticate/**")
    page.fill("#id_code", code(secret))
    page.get_by_role("button", name="Sign In").click()
    page.wait_for_url("**/m/**")


def code(secret: str) -> str:
    """What the app shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def change_the_window(page: Page) -> None:
    """Twelve hours on every day: seen before it is saved."""
    visit(page, "Stalled")
    page.fill("#id_hours_until_fulfillment", "12")
    for day in ("Saturday", "Sunday"):
        page.get_by_label(day).uncheck()
    expect(page.get_by_text("Nothing is saved yet.")).to_be_visible()
    assert not StalledPolicy.objects.exists()
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Version 1 holds for orders that are placed from now on.")).to_be_visible()


def send_again_what_failed(world: World, shop: Shop, page: Page) -> None:
    """From the figure on the overview to the event, its answer, and once more."""
    visit(page, "Overview")
    page.get_by_role("link", name="Failed events").click()
    page.get_by_role("region", name="Events").get_by_role("link", name="Processing order").click()
    expect(page.get_by_role("region", name="Requests")).to_contain_text("400")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("button", name="Send again")).to_be_hidden()
    world.work()
    page.reload()
    expect(page.get_by_role("region", name="Requests")).to_contain_text("202")


def ask_why(page: Page) -> None:
    """From the event to everything that is known of its order."""
    page.get_by_role("link", name="Why? #1001").click()
    expect(page.get_by_role("main")).to_contain_text("Klaviyo")
    expect(page.get_by_role("main")).to_contain_text("Processing order")


def replay_one_order(page: Page) -> None:
    """What fits is counted first."""
    visit(page, "Events")
    page.get_by_role("link", name="Send history once more").click()
    page.get_by_label("Order, e-mail, phone or tracking number").fill("#1002")
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_role("heading", name="2 events fit")).to_be_visible()
    page.get_by_role("button", name="Send 2 once more").click()
    deliver()
    expect(page.get_by_text("2 of 2 events, 2 lined up")).to_be_visible()
    assert Replay.objects.get().state == Replay.State.FINISHED


def break_the_key(world: World, shop: Shop, page: Page) -> None:
    """Klaviyo refuses the key: what comes in meanwhile waits, and the overview says what to do."""
    world.sandbox.revoke_key(shop.key)
    place(shop, 3, "#1003")
    world.work()
    visit(page, "Overview")
    page.get_by_role("status").filter(has_text="key").get_by_role("link", name="See what to do").click()
    expect(page.get_by_role("alert")).to_contain_text("Klaviyo does not accept the key any more.")


def mend_it(world: World, shop: Shop, page: Page) -> None:
    """A new key lets go what waited; what had failed is offered with its count."""
    world.sandbox.add_account("pk_sandbox_new_key", public_key=shop.public_key)
    page.get_by_label("New private key").fill("pk_sandbox_new_key")
    page.get_by_role("button", name="Check and save").click()
    expect(page.get_by_text("The key works.")).to_be_visible()
    page.get_by_role("button", name="Send 1 again").click()
    expect(page.get_by_text("1 event is on its way again")).to_be_visible()
    world.work()
    assert shop.states == {"sent": Event.objects.count()}
