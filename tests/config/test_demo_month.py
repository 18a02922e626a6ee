from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from config.demo import month, past, scenario
from config.demo.expected import Expected
from config.demo.log_feed import Feed
from config.demo.month import Moment
from config.demo.orders import Start
from config.demo.shops import LARKSPUR, SENDERS
from config.demo.stage import Stage
from config.demo.stories import straight_home
from integrations.destinations.klaviyo.sandbox import RemoteSandbox, Sandbox
from integrations.models import Delivery, InboundMessage
from tests.support.world import World

BEGAN_AT = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
BEGINNINGS = [BEGAN_AT + timedelta(hours=29 * number) for number in range(7)]
"""Each on another day of the week, at another hour."""


def led_to(moments: list[Moment]) -> Iterator[Expected]:
    """All that must come of a month."""
    for moment in moments:
        for step in moment.steps:
            yield from (*step.leads_to, *step.later)


@pytest.fixture(scope="module")
def moments() -> list[Moment]:
    return month.script(BEGAN_AT)


def test_the_same_month_comes_before_the_same_instant(moments: list[Moment]) -> None:
    def seen(told: list[Moment]) -> list[object]:
        return [(each.at, [(step.shop.name, step.webhook.topic) for step in each.steps]) for each in told]

    assert seen(moments) == seen(month.script(BEGAN_AT))


def test_nothing_is_heard_before_it_happened(moments: list[Moment]) -> None:
    assert all(step.webhook.at <= moment.at < BEGAN_AT for moment in moments for step in moment.steps)
    assert month.begin(BEGAN_AT) < moments[0].at


def test_no_event_is_led_to_twice(moments: list[Moment]) -> None:
    steps = scenario.script(BEGAN_AT)
    live = [event for step in steps for event in (*step.leads_to, *step.later)]
    keys = Counter(event.key for event in (*led_to(moments), *live))
    assert [key for key, count in keys.items() if count > 1] == []


def test_a_month_is_as_large_as_its_figures_want_it(moments: list[Moment]) -> None:
    assert sum(len(moment.steps) for moment in moments) == pytest.approx(1_250, rel=0.15)
    assert sum(event.is_sent(BEGAN_AT) for event in led_to(moments)) == pytest.approx(1_800, rel=0.15)


def test_some_events_are_backfill_and_some_are_too_old(moments: list[Moment]) -> None:
    due = [event for event in led_to(moments) if event.pack in event.shop.packs]
    assert any(event.is_sent(BEGAN_AT) and event.is_backfill(BEGAN_AT) for event in due)
    assert any(not event.is_sent(BEGAN_AT) for event in due)


def test_weekends_are_quieter_and_no_day_is_empty(moments: list[Moment]) -> None:
    days = Counter(moment.at.date() for moment in moments for _ in moment.steps)
    weekdays = [count for day, count in days.items() if day.weekday() < 5]
    weekends = [count for day, count in days.items() if day.weekday() >= 5]
    assert len(days) >= month.DAYS
    assert max(weekends) < sum(weekdays) / len(weekdays)


@pytest.mark.parametrize("began_at", BEGINNINGS, ids=lambda at: f"{at:%a %H}")
def test_whatever_is_begun_is_over_or_has_come_to_light(began_at: datetime) -> None:
    """What is left open would be found when the demo's clock moves on, among what it wants to show."""
    moments = month.script(began_at)
    swept = {moment.at for moment in moments if not moment.steps}
    due = [event for moment in moments for step in moment.steps for event in step.later]
    assert len(due) > len(SENDERS)
    assert all(any(timedelta() <= at - event.counts_from <= timedelta(minutes=1) for at in swept) for event in due)

    ways = [event.unique_id.split(":") for event in led_to(moments) if event.unique_id.startswith("shipment:")]
    newest = {tuple(way[1:-2]): way[-2] for way in ways if way[-1] != "created"}
    underway = {
        ":".join(parcel) for parcel, status in newest.items() if status not in ("delivered", "return_to_sender")
    }
    assert underway <= {event.unique_id.removeprefix("issue:ShipmentStalled:") for event in due}


@pytest.mark.django_db
def test_the_product_lives_through_a_moment_under_its_clock() -> None:
    at = BEGAN_AT.replace(microsecond=0) - timedelta(days=9)
    with Sandbox(limit_scale=None) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.KLAVIYO_BASE_URL", sandbox.url, raising=False)
        merchant = World(sandbox, "http://site.invalid").shop("Alba").merchant
        merchant.shop_domains.update(domain=LARKSPUR.domain)
        feed = Feed([], BEGAN_AT)
        stage = Stage(BEGAN_AT, RemoteSandbox(sandbox.url), feed, {merchant.pk: LARKSPUR.account}, {}, "", "", "")
        ordered = straight_home(LARKSPUR, LARKSPUR.shoppers[0], Start(at - timedelta(seconds=9)))[0]

        past.tell([Moment(at, (ordered,))], stage)

    message, delivery = InboundMessage.objects.get(), Delivery.objects.order_by("pk")[0]
    assert delivery.state == Delivery.State.SENT
    instants = (message.received_at, message.handled_at, delivery.created_at, delivery.settled_at)
    assert all(instant and timedelta() <= instant - at < timedelta(seconds=20) for instant in instants)
