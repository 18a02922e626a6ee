"""Random histories of a member's points, on the real tables: they add up, nothing is overspent, every cause counts once."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from integrations.models import Event
from loyalty import nights
from loyalty.days import local_date
from loyalty.ledger import NotEnough
from loyalty.models import LedgerEntry, Lot, Member, Programme
from loyalty.services import programmes
from loyalty.verification import verify
from tests.loyalty.telling import add, adjust, member, merchant_with_programme, order, redeem, revert, ship_order
from tests.tracking.telling import AT, DAY, HOUR


class Histories(RuleBasedStateMachine):
    """One member of one merchant. The merchant changes its rules meanwhile."""

    redemptions = Bundle("redemptions")

    def __init__(self) -> None:
        super().__init__()
        self.merchant = merchant_with_programme(expiry_days=20)
        self.now = AT
        self.orders: dict[str, Any] = {}
        self.spent = 0

    @initialize()
    def join(self) -> None:
        """The member is there."""
        member(self.merchant)
        self.done_on = local_date(self.now, "Europe/Berlin")

    def tick(self) -> datetime:
        """Later than anything before."""
        self.now += timedelta(minutes=1)
        return self.now

    def tell(self, key: str, **more: Any) -> None:
        """The shop tells of an order as it is now."""
        self.orders[key] |= more
        hours = (self.tick() - AT) / HOUR
        order(self.merchant, key, hours=hours, **self.orders[key])

    @rule(key=st.sampled_from("1234"), net=st.integers(1, 90))
    def buy(self, key: str, net: int) -> None:
        """An order comes, and is told once more."""
        if key not in self.orders:
            self.orders[key] = {"net": str(net), "created_at": self.now}
        for _ in range(2):
            self.tell(key)

    @rule(key=st.sampled_from("1234"), share=st.integers(1, 4))
    def refund(self, key: str, share: int) -> None:
        """So many quarters of it are refunded in all, or told again to be fewer."""
        if key in self.orders:
            self.tell(key, refunded=str(Decimal(self.orders[key]["net"]) * share / 4))

    @rule(key=st.sampled_from("1234"))
    def ship(self, key: str) -> None:
        """It is fulfilled."""
        if key in self.orders:
            ship_order(self.merchant, key, self.tick())

    @rule(points=st.integers(-60, 60).filter(bool))
    def adjust(self, points: int) -> None:
        """By hand, once, however often it is asked for."""
        at = self.tick()
        before = Member.objects.get().balance
        for _ in range(2):
            try:
                adjust(self.merchant, points, at=at, cause=f"manual:{at}")
            except NotEnough:
                assert points < 0
                points = 0
                break
        assert Member.objects.get().balance == before + points

    @rule(points=st.integers(1, 40))
    def bonus(self, points: int) -> None:
        """Points of a campaign."""
        add(self.merchant, points, at=self.tick())

    @rule(target=redemptions, points=st.integers(1, 80))
    def redeem(self, points: int) -> Any:
        """Points are spent, once, as far as there are any."""
        at = self.tick()
        lots = Lot.objects.filter(remaining__gt=0).exclude(expires_at__lte=at)
        there = sum(lots.values_list("remaining", flat=True))
        for _ in range(2):
            try:
                entry = redeem(self.merchant, points, at=at, cause=f"redemption:{at}")
            except NotEnough:
                assert points > there
                return multiple()
        assert points <= there
        self.spent += points
        return entry

    @rule(redemption=consumes(redemptions))
    def revert(self, redemption: Any) -> None:
        """The reward is deactivated, twice."""
        for _ in range(2):
            revert(self.merchant, redemption, at=self.tick())
        self.spent += redemption.points

    @rule(
        rate=st.sampled_from([Decimal("0.5"), Decimal(1), Decimal("1.75")]),
        days=st.integers(1, 20),
        pending=st.none() | st.integers(0, 5),
        expiry=st.sampled_from(Programme.Expiry.values),
    )
    def change(self, rate: Decimal, days: int, pending: int | None, expiry: str) -> None:
        """Other rules, from now on."""
        dates = list(Lot.objects.order_by("pk").values_list("expires_at", flat=True))
        values: dict[str, Any] = {
            "points_per_unit": rate,
            "expiry_days": days,
            "pending_days": pending,
            "expiry": expiry,
        }
        programmes.change(self.merchant, by=None, at=self.tick(), **values)
        assert list(Lot.objects.order_by("pk").values_list("expires_at", flat=True)) == dates

    @rule(days=st.integers(1, 9), again=st.booleans())
    def nights(self, days: int, again: bool) -> None:
        """Nights go by; some are done twice."""
        self.now += days * DAY
        for _ in range(1 + again):
            assert nights.work(at=self.now, seconds=60)
        assert not Lot.objects.filter(remaining__gt=0, expires_at__lte=self.now - 2 * DAY).exists()

    @invariant()
    def it_adds_up(self) -> None:
        """By the ledger's own proof, and by what is known here."""
        assert verify(self.merchant) == []
        redeemed = LedgerEntry.objects.filter(source__startswith="reward_redemption")
        assert -sum(redeemed.values_list("points", flat=True)) == self.spent
        moved = Event.objects.filter(metric__in=("points_added", "points_subtracted", "points_expired"))
        assert moved.count() == LedgerEntry.objects.count()


class Undone(Histories):
    """Nothing of it is kept."""

    def __init__(self) -> None:
        self.around = transaction.atomic()
        self.around.__enter__()
        super().__init__()

    def teardown(self) -> None:
        """As if nothing had been."""
        transaction.set_rollback(True)
        self.around.__exit__(None, None, None)


@pytest.mark.parametrize("many", [25, pytest.param(400, marks=pytest.mark.full)])
def test_whatever_happens_the_ledger_adds_up(db: None, many: int) -> None:
    profile = settings(max_examples=many, stateful_step_count=25, deadline=None)

    run_state_machine_as_test(Undone, settings=profile)
