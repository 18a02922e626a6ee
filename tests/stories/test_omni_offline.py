"""OMNI's document, points from scanning a code that came with a product bought offline: over real sockets to Klaviyo."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from integrations.models import Membership
from loyalty.services import programmes
from loyalty.verification import verify
from tests.support.schemas import objections_to
from tests.support.world import Shop, World


@pytest.fixture
def shop(world: World, settings: Any) -> Shop:
    """A merchant with OMNI's metrics and a programme, whose codes lead to the running site."""
    settings.PUBLIC_BASE_URL = world.site
    made = world.shop(packs=["loyalty"])
    programmes.change(made.merchant, by=None, at=timezone.now() - timedelta(days=30))
    return made


def addresses_of(shop: Shop) -> list[str]:
    """What an editor makes and gives to the printer: two codes of 50 points each."""
    editor = User.objects.create_user("edith@alba.example", "edith@alba.example")
    Membership.objects.create(merchant=shop.merchant, user=editor, role="editor")
    client, pages = Client(), f"/m/{shop.merchant.public_id}/loyalty/codes/"
    client.force_login(editor)
    made = client.post(pages, {"name": "Tea tins", "points": "50", "size": "2"})
    table = client.get(f"{made.headers['Location']}addresses.csv")
    lines = b"".join(table.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    return [row["address"] for row in csv.DictReader(lines)]


def test_a_code_from_the_printer_becomes_points_in_klaviyo_once(world: World, shop: Shop) -> None:
    first, second = addresses_of(shop)
    ann, bob = {"contact": "ann@shopper.example"}, {"contact": "bob@shopper.example"}
    answers = [requests.post(first, data=each, timeout=30) for each in (ann, ann, bob)]
    answers += [requests.get(second, timeout=30), requests.get(first, timeout=30)]
    world.work()

    assert [each.status_code for each in answers] == [200, 410, 410, 200, 410]
    assert "You have got 50 points" in answers[0].text
    added = shop.one("Points added")
    assert (
        added["properties"].items()
        >= {
            "Points": 50,
            "Source": "offline_purchase",
            "Note": "Tea tins",
            "BalanceAfter": 50,
        }.items()
    )
    assert shop.one("Member activated")["properties"]["Source"] == "offline"
    (profile,) = [each for each in world.sandbox.profiles(shop.public_key) if each["email"] == ann["contact"]]
    assert profile["properties"]["loyalty_point_balance"] == 50
    assert profile["consent"].get("email", {}).get("state") in (None, "NEVER_SUBSCRIBED")
    assert shop.states.keys() == {"sent"}
    assert objections_to(shop.events) == []
    assert verify() == []
