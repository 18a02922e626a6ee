from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.demo import boxes, calls, fortnight, log_feed, past, scenario, subscribers, verdict
from config.demo.expected import Expected
from config.demo.fortnight import Fortnight
from config.demo.log_feed import Feed
from config.demo.shops import QUINCE
from config.demo.stage import Stage
from config.demo.steps import DUPLICATE, Step
from integrations import onboarding
from integrations.destinations.klaviyo.sandbox import RemoteSandbox, Sandbox
from integrations.models import Delivery, Merchant
from integrations.onboarding import Application
from lifecycle import kinds
from lifecycle.models import Activity, LogFeed, LogSync, Plan
from lifecycle.onsite import identity
from lifecycle.rulesets import MISSED_SIGN_UP
from lifecycle.services import rules

BEGAN_AT = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
BEGINNINGS = [
    BEGAN_AT,
    BEGAN_AT.replace(hour=0, minute=1),
    BEGAN_AT.replace(hour=23, minute=59),
    datetime(2026, 4, 5, 23, 30, tzinfo=UTC),
]
"""At other hours, and with summer time since the launch."""

LAUNCH_AT = BEGAN_AT - QUINCE.launched_ago


@pytest.fixture(scope="module")
def before() -> Fortnight:
    return fortnight.before(BEGAN_AT)


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    told = [*scenario.script(BEGAN_AT), *scenario.night(BEGAN_AT)]
    return [step for step in told if step.shop is QUINCE]


@pytest.fixture
def feed(before: Fortnight) -> Iterator[Feed]:
    made = Feed(before.log, until=BEGAN_AT)
    with log_feed.serving(made):
        yield made


def led_to(before: Fortnight) -> list[Expected]:
    return [
        event
        for moment in before.moments
        for event in (*moment.read, *(event for step in moment.steps for event in step.leads_to))
    ]


def test_the_log_has_all_kinds_before_the_launch_and_after_it(before: Fortnight) -> None:
    past, since = (
        Counter(each.kind for each in before.log if (each.at < LAUNCH_AT) == is_past) for is_past in (True, False)
    )
    assert past.keys() == kinds.METRICS.keys()
    assert since.keys() == kinds.METRICS.keys() - {"cancelled"} | {fortnight.OTHER}


@pytest.mark.parametrize("began_at", BEGINNINGS, ids=lambda at: f"{at:%d %b %H:%M}")
def test_every_entry_is_read_at_the_first_moment_after_it(began_at: datetime) -> None:
    before = fortnight.before(began_at)
    assert before.log == sorted(before.log, key=lambda each: each.at)
    read = [event.unique_id for moment in before.moments for event in moment.read]
    assert read == [f"log:{each.id}" for each in before.log if each.kind != fortnight.OTHER]
    for moment in before.moments:
        assert all(event.occurred_at <= moment.at < began_at for event in moment.read)
        assert all(step.webhook.at <= moment.at for step in moment.steps)
    fresh = [moment.at - event.occurred_at for moment in before.moments[1:] for event in moment.read]
    assert timedelta() <= min(fresh) <= max(fresh) < timedelta(days=3)
    launch_at = began_at - QUINCE.launched_ago
    assert all(event.occurred_at < launch_at for event in before.moments[0].read)
    assert all(event.counts_from >= launch_at for moment in before.moments for event in moment.read)


def test_what_leads_to_an_event_does_so_once(before: Fortnight, steps: list[Step]) -> None:
    keys = Counter(event.key for event in [*led_to(before), *(event for step in steps for event in step.leads_to)])
    assert [key for key, count in keys.items() if count > 1] == []


def test_a_copy_in_the_log_is_within_the_hour_of_the_pages_word_and_leads_to_nothing(steps: list[Step]) -> None:
    pages = {step.webhook.topic: json.loads(step.webhook.body) for step in steps if step.webhook.source == calls.PAGES}
    night = next(step for step in steps if step.suppresses)
    copies = json.loads(night.webhook.body)["items"][:2]
    for copy, topic in zip(copies, ("Started Checkout", "Cancelled Account"), strict=True):
        apart = datetime.fromisoformat(copy["occurred_at"]) - datetime.fromisoformat(pages[topic]["time"])
        assert timedelta() < apart < timedelta(hours=1)
        assert copy["customer"]["email"] == pages[topic]["email"]
        assert f"log:{copy['entry_id']}" not in {event.unique_id for event in night.leads_to}


def test_pages_say_who_looks_as_the_shops_server_signed_it(steps: list[Step]) -> None:
    told = [step for step in steps if step.webhook.source == calls.PAGES]
    for step in told:
        body = json.loads(step.webhook.body)
        assert identity.is_signed(body["email"], body["customer_id"], body["hmac"], [calls.PAGES_SECRET])
        assert step.webhook.signed("")["origin"] == f"https://{QUINCE.domain}"
    assert [step.answer for step in told].count(DUPLICATE) == 1


def test_the_feed_goes_on_where_the_page_before_ended_and_knows_nothing_of_the_future(before: Fortnight) -> None:
    log = before.log
    feed = Feed(log, until=log[9].at)
    first = feed.page({"limit": "6"})
    rest = feed.page({"limit": "6", "cursor": first["next"]})
    assert (first["more"], rest["more"]) == (True, False)
    told = [each["entry_id"] for each in (*first["entries"], *rest["entries"])]
    assert told == [each.id for each in log[: len(told)]]
    assert len(told) == sum(each.at <= log[9].at for each in log)
    since = feed.page({"limit": "9", "since": log[4].at.isoformat()})["entries"]
    assert [each["entry_id"] for each in since] == told[4:]


def test_the_feed_is_for_whoever_has_its_secret(feed: Feed) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{feed.address}?limit=1", timeout=30)  # noqa: S310


@pytest.mark.django_db
def test_the_product_lives_through_the_fortnight_and_tells_all_of_it_once(
    before: Fortnight, feed: Feed, settings: Any
) -> None:
    settings.DEBUG = True
    with Sandbox(limit_scale=None) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        merchant = taken_on(sandbox)
        boxes.set_up(merchant, QUINCE, feed, at=LAUNCH_AT)
        stage = Stage(BEGAN_AT, RemoteSandbox(sandbox.url), feed, {merchant.pk: QUINCE.account}, {}, "", "", "")

        past.tell(past.moments(BEGAN_AT, before, of_days=0), stage)

        receipts = {(QUINCE.account, key): count for key, count in sandbox.receipts(QUINCE.account).items()}
        found = verdict.judge(led_to(before), sandbox.events(QUINCE.account), receipts, BEGAN_AT)
        members = [each["lists"] for each in sandbox.profiles(QUINCE.account) if each["properties"].get("Status")]
    assert found.complaints == {}
    assert found.expected == len(led_to(before)) > 80
    (sync,) = LogSync.objects.for_merchant(merchant)
    read = [event for moment in before.moments[1:] for event in moment.read]
    assert (sync.state, sync.events) == (LogSync.State.FINISHED, len(before.moments[0].read))
    assert LogFeed.objects.for_merchant(merchant).get().entries == len(read) + 1
    assert Activity.objects.for_merchant(merchant).exclude(note="").get().kind == fortnight.OTHER
    assert len(members) == len(QUINCE.shoppers) - 2
    missed = Plan.objects.for_merchant(merchant).filter(MISSED_SIGN_UP.holds(rules.of(merchant), BEGAN_AT))
    assert [plan.customer.email for plan in missed] == [subscribers.CALLUM.email]
    assert not Delivery.objects.exclude(state=Delivery.State.SENT).exists()


def taken_on(sandbox: Sandbox) -> Merchant:
    sandbox.add_account(QUINCE.key, public_key=QUINCE.account, name=QUINCE.name)
    application = Application(
        name=QUINCE.name,
        timezone=QUINCE.timezone,
        currency=QUINCE.currency,
        klaviyo_key=QUINCE.key,
        metrics=onboarding.metrics_of(QUINCE.packs),
        launch_at=LAUNCH_AT,
    )
    return onboarding.onboard(application, at=LAUNCH_AT).merchant
