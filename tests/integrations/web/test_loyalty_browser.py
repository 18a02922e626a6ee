"""The way of a reward on a phone: a tier, a reward, redeemed for a member, taken back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from integrations.models import Customer, Membership, Merchant
from loyalty.models import Member
from loyalty.services import programmes
from tests.support.browsing import PHONE, Watched, browser, page, resize

from .conftest import PASSWORD
from .test_browser import complaints
from .test_loyalty import DAY, give

__all__ = ["browser", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def merchant(transactional_db: Any) -> Merchant:
    """With a member who has 120 points."""
    merchant = Merchant.objects.create(name="Alba", timezone="America/New_York", currency="EUR")
    at = timezone.now()
    programmes.change(merchant, by=None, at=at - 365 * DAY)
    give(merchant, 120, at=at)
    return merchant


@pytest.fixture
def phone(page: Page, live_server: LiveServer, merchant: Merchant) -> Any:
    """An editor's."""
    user = User.objects.create_user("edda@alba.example", "edda@alba.example", PASSWORD)
    Membership.objects.create(merchant=merchant, user=user, role="editor")
    resize(page, PHONE)
    watched = Watched(page, live_server.url)
    watched.sign_in(user)
    yield watched
    watched.leave()


def test_from_a_new_tier_and_reward_to_points_that_are_back(phone: Watched, merchant: Merchant) -> None:
    page, found = phone.page, []

    def look(text: str) -> None:
        page.wait_for_selector(f"text={text}")
        for each in page.locator("details").all():
            each.evaluate("each => { each.open = true }")
        found.extend(complaints(phone) + [f"{page.url} is too wide"] * (phone.overhang > 0))

    phone.open(f"/m/{merchant.public_id}/loyalty/")
    page.get_by_role("link", name="Tiers").click()
    page.get_by_role("link", name="New tier").click()
    look("What it asks for")
    for label, value in (("Name", "Silver"), ("Key", "silver"), ("Spend to enter, EUR", "100")):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Save").click()
    look("Silver is saved.")
    page.get_by_role("link", name="Place everybody anew").click()
    look("Nobody would move")

    phone.open(f"/m/{merchant.public_id}/loyalty/rewards/")
    look("No rewards yet")
    page.get_by_role("link", name="New reward").click()
    look("What it is")
    page.get_by_label("Name", exact=True).fill("5 € off")
    page.get_by_label("Kind").select_option("Discount code")
    page.get_by_label("What it takes off").fill("5")
    page.get_by_label("Points that it costs").fill("50")
    page.get_by_label("Codes", exact=True).select_option("From a list that was given")
    page.get_by_role("button", name="Offer it").click()
    page.get_by_label("Codes", exact=True).fill("TEA-1\nTEA-2")
    page.get_by_role("button", name="Add").click()
    look("2 codes were added.")

    phone.open(f"/m/{merchant.public_id}/loyalty/members/{Customer.objects.get().pk}/")
    page.get_by_text("Give a reward").click()
    page.get_by_label("Reward", exact=True).select_option("5 € off (50 points)")
    page.get_by_role("button", name="Give").click()
    look("5 € off is given. The code is TEA-1.")
    assert Member.objects.get().balance == 70
    page.get_by_role("button", name=re.compile("Deactivate: 50 points back")).click()
    look("50 points are back, the balance is 120 now.")

    assert (Member.objects.get().balance, found, phone.faults) == (120, [], [])
