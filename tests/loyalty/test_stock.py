"""How many codes of a list are left, and when that is too few."""

from __future__ import annotations

import pytest

from integrations.models import Merchant
from loyalty import services, stock
from tests.loyalty.rewarding import Source, five_off, issue, pooled
from tests.loyalty.telling import MAY, member, merchant_with_programme
from tests.tracking.telling import AT


@pytest.fixture
def merchant(db: None) -> Merchant:
    made = merchant_with_programme()
    member(made)
    return made


def codes(count: int) -> list[str]:
    return [f"TEA-{number:04}" for number in range(count)]


@pytest.mark.parametrize(
    ("there", "taken", "is_low"), [(0, 0, True), (19, 0, True), (20, 0, False), (25, 5, False), (25, 6, True)]
)
def test_a_pool_runs_low_below_twenty_codes(merchant: Merchant, there: int, taken: int, is_low: bool) -> None:
    reward = pooled(merchant, *codes(there))
    for _ in range(taken):
        issue(merchant, reward, Source.ONE_TIME_CAMPAIGN)

    (found,) = stock.of(merchant, [reward])
    assert (found.left, found.given, found.codes, found.is_low) == (there - taken, taken, there, is_low)
    assert [each.reward for each in stock.running_low(merchant)] == [reward] * is_low


@pytest.mark.parametrize(("left", "is_low"), [(24, True), (25, False)])
def test_a_large_pool_runs_low_below_a_tenth(merchant: Merchant, left: int, is_low: bool) -> None:
    assert stock.Stock(pooled(merchant, *codes(1)), given=250 - left, left=left).is_low is is_low


def test_only_lists_of_rewards_that_are_offered_run_low(merchant: Merchant) -> None:
    five_off(merchant)
    retired = pooled(merchant, "A")
    services.retire_reward(retired, by=MAY, at=AT)
    pooled(Merchant.objects.create(name="Birch"), "B")

    assert stock.running_low(merchant) == []
