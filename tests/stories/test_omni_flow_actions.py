"""OMNI's document, Shopify Flow as a source: actions over real sockets, each run once, through to Klaviyo."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from loyalty import services
from loyalty.models import Member, Reward
from loyalty.services import programmes
from loyalty.verification import verify
from tests.support.messages import load
from tests.support.schemas import objections_to
from tests.support.world import Shop, World

SOURCE = "shopify_flow_actions"


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant with OMNI's metrics, a programme and a customer."""
    made = world.shop(packs=["loyalty"])
    programmes.change(made.merchant, by=None, at=timezone.now() - timedelta(days=30))
    at = timezone.now().isoformat()
    made.shopify("customers/create", {"id": 4711, "email": "ann@shopper.example", "created_at": at})
    world.work()
    return made


def run(shop: Shop, run_id: str, **more: Any) -> dict[str, Any]:
    """A run of the action "Add points" in that shop."""
    domain = shop.merchant.shop_domains.get().domain
    body: dict[str, Any] = load("shopify_flow/add_points")
    return body | {"shopify_domain": domain, "action_run_id": run_id} | more


def test_points_and_a_reward_are_given_once(world: World, shop: Shop) -> None:
    reward = services.offer_reward(
        shop.merchant, by=None, at=timezone.now(), kind=Reward.Kind.CUSTOM, name="A cup of tea"
    )
    granted = run(shop, "r2", handle="grant-reward")
    granted["properties"] = {"customer_id": "gid://shopify/Customer/4711", "reward_id": str(reward.pk)}
    answers = [shop.post(SOURCE, each).status_code for each in (run(shop, "r1"), granted) * 2]
    world.work()

    assert answers == [202, 202, 200, 200]
    added = shop.one("Points added")["properties"]
    assert added.items() >= {"Points": 50, "Source": "shopify_flow_action", "Note": "A review was written"}.items()
    issued = shop.one("Reward issued")["properties"]
    assert issued.items() >= {"RewardName": "A cup of tea", "Source": "shopify_flow_action", "PointsSpent": 0}.items()
    assert shop.states.keys() == {"sent"}
    assert objections_to(shop.events) == []
    assert verify() == []


def test_what_cannot_be_done_says_why(world: World, shop: Shop) -> None:
    unknown = run(shop, "r1", properties={"customer_id": 4712, "points": 5})
    no_reward = run(shop, "r2", handle="grant-reward", properties={"customer_id": 4711, "reward_id": 99})
    for each in (unknown, no_reward):
        assert shop.post(SOURCE, each).status_code == 202
    world.work()

    notes = dict(shop.messages.filter(source=SOURCE).values_list("key", "note"))
    assert notes == {
        "r1": "waits for the shop to tell of customer 4712",
        "r2": "malformed: there is no reward 99: its id stands on its page",
    }
    at = timezone.now().isoformat()
    shop.shopify("customers/create", {"id": 4712, "email": "bob@shopper.example", "created_at": at})
    world.work()
    assert Member.objects.get(customer__email="bob@shopper.example").balance == 5


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"properties": {"customer_id": 4711, "points": 0}}, 400, "properties.points"),
        ({"properties": {"customer_id": 4711, "points": "many"}}, 400, "properties.points"),
        ({"properties": {"points": 5}}, 400, "properties.customer_id"),
        ({"properties": None}, 400, "properties"),
        ({"handle": "take-points"}, 400, "handle"),
        ({"handle": "grant-reward"}, 400, "properties.reward_id"),
        ({"action_run_id": ""}, 400, "action_run_id"),
        ({"action_run_id": "x" * 81}, 400, "action_run_id"),
        ({"shopify_domain": ""}, 400, "shopify_domain"),
        ({"shopify_domain": "other.myshopify.com"}, 401, "other.myshopify.com"),
    ],
)
def test_a_bad_run_is_refused_by_name(shop: Shop, changes: dict[str, Any], status: int, named: str) -> None:
    answer = shop.post(SOURCE, run(shop, "r1", **changes))

    assert (answer.status_code, named in answer.json()["error"]) == (status, True)
    assert not shop.messages.filter(source=SOURCE).exists()


def test_a_wrong_signature_is_refused(shop: Shop) -> None:
    answer = shop.post(SOURCE, run(shop, "r1"), headers={"x-shopify-hmac-sha256": "AAAA"})

    assert answer.status_code == 401
