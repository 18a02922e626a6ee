"""The tiers by the API: what each asks for and gives."""

from __future__ import annotations

import pytest

from integrations.models import Merchant
from loyalty.api import examples
from loyalty.services import tier_rules
from tests.loyalty.telling_tiers import GOLD
from tests.support import rest
from tests.support.rest import Rest
from tests.tracking.telling import AT

pytestmark = pytest.mark.django_db


def test_tiers_are_listed_in_their_order_and_the_merchants_currency(merchant: Merchant, api: Rest) -> None:
    tier_rules.save(merchant, "gold", by=None, at=AT, **GOLD, points_per_unit=2, bonus_points=100, position=2)
    tier_rules.retire(merchant, "silver", by=None, at=AT)
    items = api.get("tiers").json()["items"]

    assert [(each["key"], each["retired_at"] is None) for each in items] == [
        ("bronze", True),
        ("friends", True),
        ("silver", False),
        ("gold", True),
    ]
    assert items[-1] == examples.TIER | {"created_at": items[-1]["created_at"]}


def test_tiers_are_the_merchants_own_and_need_the_scope(merchant: Merchant) -> None:
    other = Merchant.objects.create(name="Birch")

    assert rest.rest(other).get("tiers").json() == {"items": [], "next": None, "previous": None}
    assert rest.rest(merchant, ["events:read"]).get("tiers").status_code == 403
