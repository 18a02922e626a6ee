from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from config.demo import scenario
from config.demo.orders import Start, new_order
from config.demo.shops import LARKSPUR, SHOPS
from config.demo.steps import ACCEPTED, DUPLICATE, FORGED, Step
from config.demo.webhooks import order_webhook
from integrations import sources
from integrations.sources import BadSignature

BEGAN_AT = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    return [*scenario.script(BEGAN_AT), *scenario.night(BEGAN_AT)]


def instants(value: Any) -> list[datetime]:
    """Every instant in a JSON value."""
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return [instant for item in items for instant in instants(item)]
    is_instant = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT.*", value)
    return [datetime.fromisoformat(value)] if is_instant else []


def is_repeated(step: Step) -> bool:
    """Whether the same was posted before."""
    return step.answer == DUPLICATE and step.says.endswith("(repeated)")


def test_nothing_happens_in_the_future(steps: list[Step]) -> None:
    told = [instant for step in steps for instant in instants(json.loads(step.webhook.body))]
    assert max(told) < BEGAN_AT


def test_each_event_is_led_to_by_one_step(steps: list[Step]) -> None:
    keys = Counter(event.key for step in steps for event in (*step.leads_to, *step.later))
    assert [key for key, count in keys.items() if count > 1] == []


def test_each_shop_hears_of_every_metric_of_its_packs(steps: list[Step]) -> None:
    for shop in SHOPS:
        due = {
            event.metric for step in steps for event in step.leads_to if event.shop is shop and event.is_sent(BEGAN_AT)
        }
        wanted = {"order_tracking": 4, "order_status": 4, "returns_and_tracking": 4, "subscription_lifecycle": 12}
        assert len(due) == sum(wanted[pack] for pack in shop.packs) + shop.loyalty, shop.name


def test_an_order_a_parcel_and_a_delay_come_to_light_after_the_script(steps: list[Step]) -> None:
    later = [event.unique_id for step in steps for event in step.later if event.is_sent(BEGAN_AT)]
    for found in ("issue:FulfillmentStalled:", "issue:ShipmentStalled:", ":stalled_in_transit:", ":delayed:"):
        assert any(found in unique_id for unique_id in later), found


def test_the_clock_moves_forward_to_what_is_due_at_some_shop(steps: list[Step]) -> None:
    moments = scenario.moments(steps, BEGAN_AT)
    assert moments == sorted(set(moments))
    assert moments[0] > BEGAN_AT
    assert moments[-1] < BEGAN_AT + timedelta(days=6)


def test_repeated_forged_and_untimely_messages_are_among_them(steps: list[Step]) -> None:
    assert sum(is_repeated(step) for step in steps) >= 3
    assert sum(step.answer == FORGED for step in steps) == 1
    assert sum(step.answer == ACCEPTED and not step.leads_to for step in steps) > 10


def test_what_is_repeated_is_the_same_delivery(steps: list[Step]) -> None:
    posted: set[int] = set()
    for step in steps:
        assert (id(step.webhook) in posted) == is_repeated(step), step.says
        posted.add(id(step.webhook))


def test_webhooks_are_signed_as_their_source_signs(steps: list[Step]) -> None:
    for step in (steps[0], next(step for step in steps if step.webhook.source == "easypost")):
        webhook = step.webhook
        sources.get(webhook.source).verify(webhook.body, webhook.signed("whsec"), ["whsec"])
        with pytest.raises(BadSignature):
            sources.get(webhook.source).verify(webhook.body, webhook.signed("a guess"), ["whsec"])


def test_shopify_escapes_slashes_on_the_wire() -> None:
    order = new_order(LARKSPUR, LARKSPUR.shoppers[0], Start(BEGAN_AT))
    body = order_webhook("orders/create", order).body
    assert b"https:\\/\\/larkspur-outfitters.myshopify.com\\/orders" in body
    assert json.loads(body)["id"] == order.id


def test_the_trickle_tells_one_story_after_another() -> None:
    stories = [list(scenario.trickle(seed, BEGAN_AT)) for seed in range(8)]
    assert all(len({step.shop.name for step in story}) == 1 and story[0].leads_to for story in stories)
    assert len({next(islice(story, 1)).shop.name for story in stories}) > 1
