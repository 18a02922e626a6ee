"""OMNI's document, one-time campaigns: drafted and started by a person, run by the tick, through to Klaviyo over real sockets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from integrations.models import Membership
from loyalty import services, tasks
from loyalty.models import Campaign, Reward
from loyalty.services import programmes
from loyalty.verification import verify
from tests.support.schemas import objections_to
from tests.support.world import Shop, World


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant with OMNI's metrics, a programme and two members."""
    made = world.shop(packs=["loyalty"])
    programmes.change(made.merchant, by=None, at=timezone.now() - timedelta(days=30))
    at = timezone.now().isoformat()
    for key, name in ((1, "ann"), (2, "bob")):
        made.shopify("customers/create", {"id": key, "email": f"{name}@shopper.example", "created_at": at})
    world.work()
    return made


@pytest.fixture
def editor(shop: Shop) -> Client:
    """Somebody at the merchant, signed in."""
    user = User.objects.create_user("may", "may@alba.example")
    Membership.objects.create(merchant=shop.merchant, user=user, role="editor")
    client = Client()
    client.force_login(user)
    return client


def run_campaign(editor: Client, shop: Shop, **said: Any) -> None:
    """Somebody drafts one and starts it twice; the tick comes twice."""
    pages = f"/m/{shop.merchant.public_id}/loyalty/campaigns/"
    assert editor.post(f"{pages}new/", {"name": "Summer", **said}).status_code == 302
    key = Campaign.objects.latest("pk").pk
    for _ in range(2):
        editor.post(f"{pages}{key}/start/")
        tasks.run_campaigns()
    assert Campaign.objects.get(pk=key).state == "done"


def by_address(shop: Shop, metric: str) -> dict[str, Any]:
    """The properties of a metric's events at Klaviyo, by the shopper."""
    found = [each for each in shop.received if each["metric"] == metric]
    by = {each["email"]: each["properties"] for each in found}
    assert len(by) == len(found)
    return by


def test_points_by_a_file_and_a_reward_by_a_filter(world: World, shop: Shop, editor: Client) -> None:
    reward = services.offer_reward(
        shop.merchant,
        by=None,
        at=timezone.now(),
        kind=Reward.Kind.CUSTOM,
        name="A cup of tea",
        codes=Reward.Codes.PATTERN,
        code_pattern="TEA-########",
    )
    file = SimpleUploadedFile("people.csv", b"customer_id;points\n1;40\n2;\n3;5\n")
    run_campaign(editor, shop, points="15", note="Thank you", file=file)
    run_campaign(editor, shop, reward=str(reward.pk), balance_least="40")
    world.work()

    added = by_address(shop, "Points added")
    told = ("Points", "Source", "Note", "BalanceAfter")
    assert {who: tuple(each[name] for name in told) for who, each in added.items()} == {
        "ann@shopper.example": (40, "one_time_campaign", "Thank you", 40),
        "bob@shopper.example": (15, "one_time_campaign", "Thank you", 15),
    }
    issued = by_address(shop, "Reward issued")
    assert issued.keys() == {"ann@shopper.example"}
    ann = issued["ann@shopper.example"]
    assert ann.items() >= {"RewardName": "A cup of tea", "Source": "one_time_campaign", "PointsSpent": 0}.items()
    assert ann["DiscountCode"].startswith("TEA-")
    assert shop.states.keys() == {"sent"}
    assert objections_to(shop.events) == []
    assert verify() == []
