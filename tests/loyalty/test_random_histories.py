"""Random histories of the points of shoppers some of whom turn out to be one, on the real tables: they add up, nothing is
overspent, and every cause counts once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
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

from integrations import merging
from integrations.models import Customer, Event
from integrations.people import PersonInput
from loyalty import nights, services
from loyalty.ledger import NotEnough
from loyalty.models import Grant, LedgerEntry, Lot, Member, PointSource, Programme
from loyalty.services import programmes, tier_rules
from loyalty.verification import verify
from tests.loyalty.telling import MAY, merchant_with_programme, order, ship_order
from tests.tracking.telling import AT, DAY, HOUR

PEOPLE = {who: PersonInput(email=f"{who}@shopper.example", external_id=who) for who in "abc"}
people = st.sampled_from("abc")
keys = st.sampled_from("1234")


class Histories(RuleBasedStateMachine):
    """Three shoppers of one merchant, who gives 30 points to whoever has spent 100 €, and changes its rules meanwhile."""

    redemptions = Bundle("redemptions")

    def __init__(self) -> None:
        super().__init__()
        self.merchant = merchant_with_programme(expiry_days=20)
        tier_rules.save(self.merchant, "silver", by=None, at=AT, name="Silver", entry_minor=10_000, bonus_points=30)
        self.now = AT
        self.rate = Decimal(1)
        self.orders: dict[str, dict[str, Any]] = {}
        self.granted: dict[str, int] = {}
        self.refunded: dict[str, int] = {}
        self.spent = 0

    @initialize()
    def join(self) -> None:
        """All are members."""
        for person in PEOPLE.values():
            services.told_of_customer(merchant=self.merchant, person=person, at=AT)

    def tick(self) -> datetime:
        """Later than anything before."""
        self.now += timedelta(minutes=1)
        return self.now

    def tell(self, key: str, **more: Any) -> None:
        """The shop tells of an order as it is now."""
        self.orders[key] |= more
        hours = (self.tick() - AT) / HOUR
        order(self.merchant, key, hours=hours, **self.orders[key])

    def customer(self, who: str) -> Customer:
        """The shopper, or whom they turned out to be."""
        row = Customer.objects.select_related("merged_into").get(external_ids__external_id=who)
        return row.merged_into or row

    def member(self, who: str) -> Member:
        """The same as a member."""
        return Member.objects.get(customer=self.customer(who))

    @rule(who=people, key=keys, net=st.integers(1, 90))
    def buy(self, who: str, key: str, net: int) -> None:
        """An order comes, and is told once more."""
        if key not in self.orders:
            self.orders[key] = {"net": str(net), "created_at": self.now, "person": PEOPLE[who]}
            self.granted[key], self.refunded[key] = int(net * self.rate), 0
        for _ in range(2):
            self.tell(key)

    @rule(key=keys, quarters=st.integers(1, 4))
    def refund(self, key: str, quarters: int) -> None:
        """So many quarters of it are refunded in all, or told again to be fewer."""
        if key in self.orders:
            self.refunded[key] = max(self.refunded[key], quarters)
            self.tell(key, refunded=str(Decimal(self.orders[key]["net"]) * quarters / 4))

    @rule(key=keys)
    def ship(self, key: str) -> None:
        """It is fulfilled."""
        if key in self.orders:
            ship_order(self.merchant, key, self.tick())

    @rule(who=people, points=st.integers(-60, 60).filter(bool))
    def adjust(self, who: str, points: int) -> None:
        """By hand, once, however often it is asked for."""
        at, customer = self.tick(), self.customer(who)
        before = self.member(who).balance
        for _ in range(2):
            try:
                services.adjust(
                    merchant=self.merchant,
                    customer=customer,
                    points=points,
                    reason="as promised",
                    by=MAY,
                    cause=f"manual:{at}",
                    at=at,
                )
            except NotEnough:
                assert points < 0
                points = 0
                break
        assert self.member(who).balance == before + points

    @rule(who=people, points=st.integers(1, 40))
    def bonus(self, who: str, points: int) -> None:
        """Points of a campaign."""
        at = self.tick()
        services.add_points(
            merchant=self.merchant,
            customer=self.customer(who),
            points=points,
            source=PointSource.ONE_TIME_CAMPAIGN,
            cause=f"campaign:{at}",
            at=at,
        )

    @rule(target=redemptions, who=people, points=st.integers(1, 80))
    def redeem(self, who: str, points: int) -> Any:
        """Points are spent, once, as far as there are any."""
        at, customer = self.tick(), self.customer(who)
        lots = Lot.objects.filter(member=self.member(who), remaining__gt=0).exclude(expires_at__lte=at)
        there = sum(lots.values_list("remaining", flat=True))
        for _ in range(2):
            try:
                entry = services.redeem(
                    merchant=self.merchant, customer=customer, points=points, cause=f"redemption:{at}", at=at
                )
            except NotEnough:
                assert points > there
                return multiple()
        assert points <= there
        self.spent += points
        return who, entry

    @rule(redemption=consumes(redemptions))
    def revert(self, redemption: Any) -> None:
        """The reward is deactivated, twice, whoever its owner is by now."""
        who, entry = redemption
        for _ in range(2):
            services.revert_redemption(
                merchant=self.merchant, customer=self.customer(who), cause=entry.cause, at=self.tick()
            )
        self.spent += entry.points

    @rule(given_up=people, kept=people)
    def merge(self, given_up: str, kept: str) -> None:
        """Two turn out to be one, which is told twice: nothing is lost, and a bonus may come of what both spent."""
        pair = {self.customer(given_up).pk, self.customer(kept).pk}
        before = Member.objects.filter(customer__in=pair).aggregate(sum=Sum("balance"))["sum"]
        dates, entries = dict(Lot.objects.values_list("pk", "expires_at")), LedgerEntry.objects.count()
        for _ in range(2):
            merging.merge_customers(
                merchant=self.merchant,
                given_up=self.customer(given_up),
                kept=self.customer(kept),
                merged_at=self.tick(),
                at=self.now,
            )
        new = list(LedgerEntry.objects.order_by("pk")[entries:])
        assert {each.source for each in new} <= {PointSource.TIER_BONUS}
        assert self.member(given_up).balance == self.member(kept).balance == before + sum(each.points for each in new)
        assert dates.items() <= dict(Lot.objects.values_list("pk", "expires_at")).items()

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
        self.rate = rate
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
        """Balance, entries, and lots less debts; and what was spent on the whole."""
        by_member = LedgerEntry.objects.values("member").annotate(sum=Sum("points"))
        entries = dict(by_member.values_list("member", "sum"))
        lots = dict(Lot.objects.values("member").annotate(sum=Sum("remaining")).values_list("member", "sum"))
        for pk, balance in Member.objects.values_list("pk", "balance"):
            assert balance == entries.pop(pk, 0)
            assert max(balance, 0) == lots.pop(pk, 0)
        assert (entries, lots) == ({}, {})
        redeemed = LedgerEntry.objects.filter(source__startswith="reward_redemption")
        assert -(redeemed.aggregate(sum=Sum("points"))["sum"] or 0) == self.spent

    def it_is_proved(self) -> None:
        """By the ledger's own proof; and every order's points are what it earned less what of it was refunded."""
        assert verify(self.merchant) == []
        moved = Event.objects.filter(metric__in=("points_added", "points_subtracted", "points_expired"))
        assert moved.count() == LedgerEntry.objects.count()
        grants = {each.order_external_id: each for each in Grant.objects.select_related("entry")}
        assert grants.keys() == {key for key, points in self.granted.items() if points}
        for key, grant in grants.items():
            points = self.granted[key]
            assert grant.left == points - points * self.refunded[key] // 4
            mine = LedgerEntry.objects.filter(order_external_id=key)
            assert (sum(each.points for each in mine)) == (grant.left if grant.entry else 0)
        bonuses = LedgerEntry.objects.filter(source=PointSource.TIER_BONUS)
        assert bonuses.count() <= len(PEOPLE)


class Undone(Histories):
    """Proved in the end, and nothing of it is kept."""

    def __init__(self) -> None:
        self.around = transaction.atomic()
        self.around.__enter__()
        super().__init__()

    def teardown(self) -> None:
        """As if nothing had been."""
        try:
            self.it_is_proved()
        finally:
            transaction.set_rollback(True)
            self.around.__exit__(None, None, None)


@pytest.mark.parametrize("many", [7, pytest.param(400, marks=pytest.mark.full)])
def test_whatever_happens_the_ledger_adds_up(db: None, many: int) -> None:
    profile = settings(max_examples=many, stateful_step_count=20, deadline=None)

    run_state_machine_as_test(Undone, settings=profile)
