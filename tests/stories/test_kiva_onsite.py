"""Kiva Logic's document, the front side: a shop's page identifies and tracks by each of three snippets, and its server tells the
same. In a real browser, against a Klaviyo that keeps one event of each profile, metric and unique_id.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, sync_playwright

from integrations.models import Delivery, Membership
from lifecycle import log
from lifecycle.models import LifecycleRules, Plan, ToldBy
from lifecycle.onsite import identity, snippets
from tests.support.browsing import CHROMIUM, QUIET
from tests.support.schemas import objections_to
from tests.support.waiting import wait_for
from tests.support.world import Shop, World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EMAIL, CUSTOMER = snippets.EMAIL, snippets.CUSTOMER_ID
PARTS = {
    "setup": "",
    "identify": "/client/profiles",
    "started": "/client/events",
    "completed": "/client/events",
    "cancelled": "/client/events",
}
"""What is pasted one after the other, and the last request that it makes of Klaviyo."""

EACH_ONCE = {"Started Checkout": 1, "Completed Signup": 1, "Cancelled Account": 1}


@pytest.fixture(scope="module")
def page(django_db_setup: None) -> Iterator[Page]:
    """A window in which the shops' domains lead to this machine."""
    with sync_playwright() as playwright:
        rules = "--host-resolver-rules=MAP *.myshopify.com 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, rules])
        yield browser.new_context().new_page()
        browser.close()


@pytest.fixture
def shop(world: World, settings: Any) -> Shop:
    settings.PUBLIC_BASE_URL = world.site
    return world.shop(packs=["subscription_lifecycle"])


def run(page: Page, *texts: str, lines: int) -> list[str]:
    """Try snippets one after the other on the sandbox's page; returns what it says came of them, once these are so many lines."""
    for text in texts:
        page.fill("#snippet", text)
        page.click("#run")
    page.wait_for_function("lines => document.querySelectorAll('#log li').length >= lines", arg=len(texts) + lines)
    return [line for line in page.locator("#log li").all_inner_texts() if not line.startswith("ran ")]


@pytest.mark.parametrize("form", [snippets.KLAVIYO, snippets.LEGACY])
@pytest.mark.parametrize("is_early", [True, False], ids=["before the script", "after the script"])
def test_the_page_on_which_snippets_are_tried_says_what_came_of_them(
    world: World, shop: Shop, page: Page, form: str, is_early: bool
) -> None:
    """What is said before the script is there is kept until it is."""
    parts = {each.key: each.text for each in snippets.of(form, public_key=shop.public_key, address="")}
    order = (
        ["identify", "setup", "started"] if is_early and form == snippets.LEGACY else ["setup", "identify", "started"]
    )
    texts = [parts[each] for each in order]
    page.goto(f"{world.sandbox.url}/onsite/")
    page.evaluate("sessionStorage.clear()")

    said = run(page, "".join(texts), lines=2) if is_early else run(page, *texts, lines=2)

    assert [line.rsplit("/", 1)[1] for line in said] == [
        f"profiles?company_id={shop.public_key}: 202",
        f"events?company_id={shop.public_key}: 202",
    ]
    assert shop.one("Started Checkout")["email"] == EMAIL


def test_the_page_on_which_snippets_are_tried_says_what_went_wrong(world: World, page: Page) -> None:
    page.goto(f"{world.sandbox.url}/onsite/")
    page.evaluate("sessionStorage.clear()")
    unknown = {each.key: each.text for each in snippets.of(snippets.KLAVIYO, public_key="NOBODY", address="")}

    said = run(
        page,
        unknown["identify"],
        "<script>throw '<img src=x onerror=alert(1)>'</script>",
        unknown["setup"] + unknown["identify"],
        lines=3,
    )

    assert ["klaviyo is not defined" in said[0], "<img src=x" in said[1]] == [True, True]
    assert said[2].endswith("/client/profiles?company_id=NOBODY: 400")
    assert page.locator("#log img").count() == 0


class Told:
    """Three moments of today, with which the example's are replaced."""

    def __init__(self) -> None:
        now = timezone.now().replace(microsecond=0)
        self.started, self.completed, self.cancelled = (now - timedelta(minutes=each) for each in (30, 20, 10))

    def today(self, text: str) -> str:
        """The snippet as the shop's server writes it."""
        for moment, at, epoch in (
            (self.started, snippets.STARTED_AT, snippets.STARTED_EPOCH),
            (self.completed, snippets.SIGNED_UP_AT, snippets.SIGNED_UP_EPOCH),
            (self.cancelled, snippets.CANCELLED_AT, snippets.CANCELLED_EPOCH),
        ):
            text = text.replace(at, moment.isoformat()).replace(str(epoch), str(int(moment.timestamp())))
        return text

    def by_the_server(self, shop: Shop, *metrics: str) -> None:
        """The shop's server tells the same by the hook, which vouches for who it is."""
        bodies: dict[str, dict[str, Any]] = {
            "Started Checkout": {
                "time": self.started.isoformat(),
                "value": snippets.VALUE,
                "properties": snippets.CHECKOUT,
            },
            "Completed Signup": {"time": self.completed.isoformat(), "properties": {"Schedule": "Weekly"}},
            "Cancelled Account": {"time": self.cancelled.isoformat(), "properties": {}},
        }
        for metric in metrics:
            who = {"email": EMAIL, "customer_id": CUSTOMER, "consent": True}
            answer = shop.post("onsite", {"call": "track", "metric": metric, **who, **bodies[metric]})
            assert answer.status_code == 202, answer.text


def pasted(shop: Shop, form: str) -> dict[str, str]:
    """The snippets on the merchant's page, as they are copied from it."""
    owner = User.objects.create_user("olga@alba.example")
    Membership.objects.create(merchant=shop.merchant, user=owner, role="owner")
    client = Client()
    client.force_login(owner)
    content = client.get(f"/m/{shop.merchant.public_id}/onsite/?form={form}").content.decode()
    found = re.findall(r'<pre class="snippet" id="snippet_(\w+)"[^>]*>(.*?)</pre>', content, re.DOTALL)
    return {key: html.unescape(text) for key, text in found}


def browse(page: Page, shop: Shop, told: Told, form: str, *, event_ids_are_properties: bool = False) -> None:
    """A shopper goes through the shop's pages."""
    port = urlsplit(shop.world.sandbox.url).port
    page.goto(f"http://{shop.merchant.shop_domains.get().domain}:{port}/onsite/")
    page.evaluate("sessionStorage.clear()")
    if event_ids_are_properties:
        page.check("#property")
    signature = identity.sign(EMAIL, CUSTOMER, shop.secrets["onsite"])
    for part, text in pasted(shop, form).items():
        filled = told.today(text).replace("consent: false", "consent: true")
        page.fill("#snippet", filled.replace('"hmac": ""', f'"hmac": "{signature}"'))
        if part == "setup":
            page.click("#run")
            continue
        last = PARTS[part] if form != snippets.FIRST_PARTY else f"/onsite/{shop.merchant.public_id}/"
        with page.expect_response(lambda answer, last=last: urlsplit(answer.url).path == last) as answered:  # type: ignore[misc]
            page.click("#run")
        assert answered.value.status == 202, answered.value.text()


@pytest.mark.parametrize("wish", ["nothing was asked", "Global Privacy Control", "Do Not Track", "agreed"])
def test_of_whom_does_not_want_it_nothing_leaves_the_page(shop: Shop, page: Page, wish: str) -> None:
    """Not even to be thrown away: the address alone would have been told."""
    said = {"Global Privacy Control": ("globalPrivacyControl", True), "Do Not Track": ("doNotTrack", "1")}
    window = page.context.browser.new_page()  # type: ignore[union-attr]
    asked: list[str] = []
    window.on("request", lambda request: asked.append(urlsplit(request.url).path))
    window.goto(f"{shop.world.sandbox.url}/onsite/")
    if wish in said:
        name, value = said[wish]
        window.evaluate("([name, value]) => Object.defineProperty(navigator, name, {value: value})", [name, value])
    for part, text in pasted(shop, snippets.FIRST_PARTY).items():
        if part in ("setup", "identify"):
            is_agreed = wish != "nothing was asked"
            window.fill("#snippet", text.replace("consent: false", "consent: true") if is_agreed else text)
            window.click("#run")
    window.goto(f"{shop.world.sandbox.url}/onsite/")
    window.close()

    assert (f"/onsite/{shop.merchant.public_id}/" in asked) == (wish == "agreed")


@pytest.mark.parametrize("form", list(snippets.FORMS))
def test_what_the_page_and_the_server_tell_is_one_event_each(world: World, shop: Shop, page: Page, form: str) -> None:
    told = Told()
    browse(page, shop, told, form)
    told.by_the_server(shop, *EACH_ONCE)
    world.work()

    assert dict(shop.names) == EACH_ONCE
    started = shop.one("Started Checkout")
    assert (started["value"], started["email"]) == (47.95, EMAIL)
    assert started["unique_id"] == f"{CUSTOMER}_{int(told.started.timestamp())}"
    assert started["properties"].items() >= snippets.CHECKOUT.items()
    assert shop.one("Completed Signup")["properties"]["Completed Signup"] is True
    (profile,) = [each for each in world.sandbox.profiles(shop.public_key) if each["email"] == EMAIL]
    assert (profile["first_name"], profile["last_name"]) == (snippets.FIRST_NAME, snippets.LAST_NAME)
    assert (
        profile["properties"].items()
        >= {"Status": "Stopped", "Schedule": "Weekly", "HasFilledOutProfile": True}.items()
    )
    plan = Plan.objects.for_merchant(shop.merchant).get()
    assert (plan.status, plan.started_at, plan.signed_up_at) == ("Stopped", told.started, told.completed)
    assert objections_to(shop.events) == []
    by_pages = [each for each in world.sandbox.requests(shop.public_key) if each["path"].startswith("/client/")]
    assert {each["status"] for each in by_pages} <= {202}
    assert bool(by_pages) == (form != snippets.FIRST_PARTY)


def test_where_an_event_id_of_the_script_were_a_property_the_rule_keeps_ours_back(
    world: World, shop: Shop, page: Page
) -> None:
    """Klaviyo does not say which it is. Under this reading there would be two of each."""
    both = ["Started Checkout", "Cancelled Account"]
    told = Told()
    LifecycleRules.objects.create(
        merchant=shop.merchant, checkout_told_by=ToldBy.SCRIPT, cancelling_told_by=ToldBy.SCRIPT
    )
    browse(page, shop, told, snippets.KLAVIYO, event_ids_are_properties=True)
    told.by_the_server(shop, *both)
    world.work()

    assert {name: shop.names[name] for name in both} == dict.fromkeys(both, 1)
    kept_back = Delivery.objects.for_merchant(shop.merchant).values_list("event__metric_name", "state", "reason")
    assert sorted(kept_back) == [(name, "skipped", "told_elsewhere") for name in sorted(both)]


def test_that_reading_does_make_two_without_the_rule(world: World, shop: Shop, page: Page) -> None:
    """That the test above would notice."""
    told = Told()
    browse(page, shop, told, snippets.KLAVIYO, event_ids_are_properties=True)
    told.by_the_server(shop, "Started Checkout")
    world.work()

    assert shop.names["Started Checkout"] == 2


@pytest.mark.parametrize("order", [("page", "log"), ("log", "page")], ids=lambda order: "_".join(order))
def test_of_the_pages_and_the_logs_copy_klaviyo_has_one(world: World, shop: Shop, order: tuple[str, str]) -> None:
    """Nothing is said of which copy is told: whichever comes first is, and the other one stays in the history."""
    told, happened = Told(), {"Started Checkout": "started.signup", "Cancelled Account": "cancelled"}
    for turn in order:
        if turn == "page":
            told.by_the_server(shop, *happened)
        else:
            for number, (kind, at) in enumerate(zip(happened.values(), (told.started, told.cancelled), strict=True)):
                moment = (at + timedelta(seconds=40)).isoformat()
                entry = {"entry_id": f"e{number}", "kind": kind, "occurred_at": moment, "customer": {"email": EMAIL}}
                assert shop.post("activity_log", entry).status_code == 202
        world.work()
        log.work(seconds=20)
        world.work()

    names = happened.keys() if order[0] == "page" else happened.values()
    assert dict(shop.names) == dict.fromkeys(names, 1)
    assert (shop.events.count(), shop.states["skipped"]) == (4, 2)
    withheld = Delivery.objects.for_merchant(shop.merchant).filter(state="skipped")
    assert set(withheld.values_list("reason", flat=True)) == {"told_elsewhere"}


@pytest.mark.parametrize("way", ["the snippet", "a beacon"])
def test_a_page_that_is_closed_at_once_has_told(shop: Shop, page: Page, way: str) -> None:
    """In two tabs, of which the second tells the same as the first."""
    parts, told = pasted(shop, snippets.FIRST_PARTY), Told()
    setup = parts["setup"].replace("consent: false", "consent: true")
    setup = setup.replace('"hmac": ""', f'"hmac": "{identity.sign(EMAIL, CUSTOMER, shop.secrets["onsite"])}"')
    start = told.today(parts["started"])
    if way == "a beacon":
        setup = re.sub(r"return fetch\((\S+),.*?\);", r"return navigator.sendBeacon(\1, body);", setup)
    address = f"http://{shop.merchant.shop_domains.get().domain}:{urlsplit(shop.world.sandbox.url).port}/onsite/"
    for _ in range(2):
        window = page.context.new_page()
        window.goto(address)
        window.fill("#snippet", setup + start)
        window.click("#run")
        window.close()

    wait_for(shop.messages.exists, "the call")
    shop.world.work()
    assert shop.one("Started Checkout")["unique_id"] == f"{CUSTOMER}_{int(told.started.timestamp())}"
