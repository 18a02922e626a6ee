"""What is to be done for a programme before going live, and that nothing is where there is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from integrations import checklist
from integrations.models import Connection, Merchant
from loyalty import services
from loyalty.models import LoyaltyClock
from loyalty.services import programmes
from tests.loyalty.rewarding import pooled
from tests.loyalty.telling import MAY
from tests.tracking.telling import AT

DAY = timedelta(days=1)
RULES, METRICS = "The loyalty programme has rules in force", "Loyalty metrics are on"
NIGHTS, CODES = "The nights of the loyalty programme run", "Every reward with a list of codes has some"


@pytest.fixture
def merchant(db: None) -> Merchant:
    """Two days before its launch, without a programme."""
    made = Merchant.objects.create(name="Alba", timezone="America/New_York")
    Connection.objects.create(merchant=made, enabled_metrics=["order_shipped"], launch_at=AT + 2 * DAY)
    return made


def points(merchant: Merchant, at: Any = AT) -> dict[str, tuple[bool, str]]:
    """The points about loyalty: what is to be done -> whether it is, and how it stands."""
    mine = [each for each in checklist.of(merchant, at=at).points if each.text in (RULES, METRICS, NIGHTS, CODES)]
    assert all(reverse(each.page, args=[merchant.public_id]) for each in mine)
    return {each.text: (each.is_done, each.detail) for each in mine}


def test_there_is_nothing_to_be_done_for_who_has_no_programme(merchant: Merchant) -> None:
    assert points(merchant) == {}


def test_metrics_without_a_programme_want_rules(merchant: Merchant) -> None:
    Connection.objects.update(enabled_metrics=["points_added", "points_expired"])

    assert points(merchant) == {RULES: (False, ""), METRICS: (True, "2 of 11 are on")}


def test_each_point_is_settled_by_what_settles_it(merchant: Merchant) -> None:
    programmes.change(merchant, by=None, at=AT, effective_at=AT + DAY)
    reward = pooled(merchant, name="Mug")
    before = points(merchant)
    services.add_codes(reward, ["A-1"], by=MAY, at=AT)
    Connection.objects.update(enabled_metrics=["points_added"])
    later = points(merchant, AT + 2 * DAY)
    LoyaltyClock.objects.update(done_on=(AT + 2 * DAY).date())

    assert before == {
        RULES: (False, f"The first version comes into force on {AT + DAY - timedelta(hours=5):%Y-%m-%d %H:%M}."),
        METRICS: (False, "0 of 11 are on"),
        NIGHTS: (True, f"Worked through up to {AT:%Y-%m-%d}"),
        CODES: (False, "None is left of Mug."),
    }
    assert {text: is_done for text, (is_done, _) in later.items()} == {
        RULES: True,
        METRICS: True,
        NIGHTS: False,
        CODES: True,
    }
    assert points(merchant, AT + 2 * DAY)[NIGHTS][0]
