"""Random histories of a member's tiers, on the real tables, beside a model that works everything out the long way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from integrations.models import Event
from loyalty import nights, tiering
from loyalty.models import LoyaltyClock, Member, TierTransition
from loyalty.recomputation import recompute
from loyalty.services import tier_rules
from loyalty.tiering import Held, Terms
from loyalty.verification import verify
from tests.loyalty.telling import MAY, member, order
from tests.loyalty.telling_tiers import assign, merchant_with_tiers, transitions
from tests.support.examples import few_or_many
from tests.tracking.telling import AT, DAY, HOUR

BERLIN = ZoneInfo("Europe/Berlin")
PERIOD = 30


def day_of(instant: datetime) -> date:
    """The date in Berlin."""
    return instant.astimezone(BERLIN).date()


def begin(day: date) -> datetime:
    """Its midnight."""
    return datetime(day.year, day.month, day.day, tzinfo=BERLIN)


@dataclass
class Bought:
    """An order, in cents."""

    placed: datetime
    net: int
    paid: datetime | None = None
    refunded: int = 0
    is_cancelled: bool = False


@dataclass
class Model:
    """What a member holds, by rules that are written down once more, without a thought for speed."""

    entry: dict[str, int] = field(default_factory=lambda: {"bronze": 0, "silver": 10_000, "gold": 50_000})
    maintain: dict[str, int] = field(default_factory=lambda: {"bronze": 0, "silver": 8_000, "gold": 40_000})
    orders: dict[str, Bought] = field(default_factory=dict)
    tier: str = ""
    since: datetime | None = None
    ends: datetime | None = None
    log: list[tuple[str, str, str]] = field(default_factory=list)
    raised: set[tuple[str, str]] = field(default_factory=set)

    def counting(self, until: datetime, *, before: bool) -> list[Bought]:
        """The orders of 365 days."""
        first = day_of(until) - timedelta(days=365)
        paid = [each for each in self.orders.values() if each.paid and not each.is_cancelled]
        return [each for each in paid if day_of(each.placed) >= first and not (before and each.placed >= until)]

    def move(self, type: str, to: str, at: datetime, *, ends: datetime | None = None) -> None:
        """Into a tier."""
        self.log.append((type, self.tier, to))
        self.tier, self.since, self.ends = to, at, ends
        if ends is None and self.entry.get(to):
            day = day_of(at)
            self.ends = begin(day + timedelta(days=PERIOD + (begin(day) != at)))

    def options(self, spent: int, *, may_keep: bool) -> list[str]:
        """The tiers that so much is enough for."""
        asked = {
            each: self.maintain[each] if may_keep and each == self.tier else self.entry[each] for each in self.entry
        }
        return [each for each in asked if spent >= asked[each]]

    def end_periods(self, until: datetime) -> None:
        """All that are over."""
        while self.ends and self.ends <= until:
            spent = sum(max(each.net - each.refunded, 0) for each in self.counting(self.ends, before=True))
            best = max(self.options(spent, may_keep=True), key=lambda each: self.entry[each])
            if self.tier == "friends":
                type = "spending_assign"
            elif best == self.tier:
                type = "spending_extend"
            else:
                rises = self.entry[best] > self.entry[self.tier]
                type = "spending_upgrade" if rises else "spending_downgrade"
            self.move(type, best, self.ends)

    def look(self, key: str, at: datetime) -> None:
        """After news of an order."""
        self.end_periods(at)
        counted = self.counting(at, before=False)
        spent = sum(max(each.net - each.refunded, 0) for each in counted)
        best = max(self.options(spent, may_keep=False), key=lambda each: self.entry[each])
        rises = not self.tier or (self.tier in self.entry and self.entry[best] > self.entry[self.tier])
        if rises and (key, best) not in self.raised:
            self.raised.add((key, best))
            reached = max([each.paid for each in counted if each.paid], default=at)
            type = "spending_upgrade" if self.since else "spending_assign"
            self.move(type, best, min(max(reached, self.since or reached), at))

    def recompute(self, at: datetime) -> None:
        """Asked for by the merchant."""
        self.end_periods(at)
        spent = sum(max(each.net - each.refunded, 0) for each in self.counting(at, before=False))
        best = max(self.options(spent, may_keep=True), key=lambda each: self.entry[each])
        if self.tier not in (best, "friends"):
            self.move("spending_assign", best, at)


KEYS = st.sampled_from("1234")


class Histories(RuleBasedStateMachine):
    """One member of one merchant, whose orders earn no points: so every news of an order is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.merchant = merchant_with_tiers(points_per_unit=Decimal(0))
        for key in ("silver", "gold"):
            tier_rules.save(self.merchant, key, by=None, at=AT, period_days=PERIOD, bonus_points=10)
        self.now = AT
        self.model = Model()

    @initialize()
    def join(self) -> None:
        """The member is there."""
        member(self.merchant)
        LoyaltyClock.objects.update(done_on=day_of(self.now))

    def tick(self) -> datetime:
        """Later than anything before."""
        self.now += timedelta(minutes=1)
        return self.now

    def tell(self, key: str) -> None:
        """The shop tells of an order as it is now."""
        bought, at = self.model.orders[key], self.tick()
        more: dict[str, Any] = {"created_at": bought.placed, "cancelled_at": at if bought.is_cancelled else None}
        net, refunded = str(Decimal(bought.net) / 100), str(Decimal(bought.refunded) / 100)
        order(self.merchant, key, net, refunded=refunded, hours=(at - AT) / HOUR, **more)
        if not bought.is_cancelled:
            bought.paid = bought.paid or at
        self.model.look(key, at)

    @rule(
        key=KEYS,
        net=st.sampled_from([1, 7_999, 8_000, 9_999, 10_000, 30_000, 40_000, 49_999, 50_000]),
        late=st.booleans(),
    )
    def buy(self, key: str, net: int, late: bool) -> None:
        """An order comes, perhaps of half a year ago, or once more."""
        if key not in self.model.orders:
            self.model.orders[key] = Bought(self.now - 180 * DAY * late, net)
        self.tell(key)

    @rule(key=KEYS, quarters=st.integers(0, 4))
    def refund(self, key: str, quarters: int) -> None:
        """So much of it is refunded in all."""
        if key in self.model.orders:
            self.model.orders[key].refunded = self.model.orders[key].net * quarters // 4
            self.tell(key)

    @rule(key=KEYS)
    def cancel(self, key: str) -> None:
        """It is cancelled."""
        if key in self.model.orders:
            self.model.orders[key].is_cancelled = True
            self.tell(key)

    @rule(tier=st.sampled_from(["bronze", "silver", "gold", "friends"]), days=st.none() | st.integers(0, 60))
    def assign(self, tier: str, days: int | None) -> None:
        """By hand."""
        at = self.tick()
        until = None if days is None else day_of(at) + timedelta(days=days)
        assign(self.merchant, tier, at=at, until=until)
        self.model.end_periods(at)
        self.model.move("manual_assign", tier, at, ends=begin(until + DAY) if until else None)

    @rule(silver=st.integers(5_000, 20_000), gold=st.integers(30_000, 60_000), percent=st.sampled_from([0, 80, 100]))
    def change(self, silver: int, gold: int, percent: int) -> None:
        """Other thresholds, which move nobody."""
        for key, entry in (("silver", silver), ("gold", gold)):
            asked: dict[str, Any] = {"entry_minor": entry, "maintain_minor": entry * percent // 100}
            tier_rules.save(self.merchant, key, by=None, at=self.tick(), **asked)
            self.model.entry[key], self.model.maintain[key] = asked["entry_minor"], asked["maintain_minor"]

    @rule(days=st.sampled_from([1, 29, 30, 31, 140]), again=st.booleans())
    def nights(self, days: int, again: bool) -> None:
        """Nights go by; some are done twice."""
        self.now += days * DAY
        for _ in range(1 + again):
            assert nights.work(at=self.now, seconds=60)
        self.model.end_periods(begin(day_of(self.now)))

    @rule()
    def stand_still(self) -> None:
        """No night is worked through for a month."""
        self.now += 33 * DAY

    @rule(again=st.booleans())
    def recompute(self, again: bool) -> None:
        """The merchant has all tiers worked out anew."""
        for _ in range(1 + again):
            at = self.tick()
            recompute(self.merchant, by=MAY, at=at)
            self.model.recompute(at)

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        """The tier, its dates, and how it came to that; each was told once."""
        held, model = Member.objects.select_related("tier").get(), self.model
        assert transitions() == model.log
        assert (held.tier.key if held.tier else "") == model.tier
        assert (held.tier_since, held.tier_expires_at) == (model.since, model.ends)
        assert Event.objects.filter(metric="tiers_updated").count() == TierTransition.objects.count()
        assert verify(self.merchant) == []


@few_or_many(7, 300)
@pytest.mark.django_db
def test_whatever_happens_the_tier_is_the_models(many: int) -> None:
    class InOneTransaction(Histories):
        def __init__(self) -> None:
            self.around = transaction.atomic()
            self.around.__enter__()
            super().__init__()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.around.__exit__(None, None, None)

    run_state_machine_as_test(
        InOneTransaction, settings=settings(max_examples=many, stateful_step_count=20, deadline=None)
    )


def ladder(entries: set[int], percent: int) -> list[Terms]:
    """Tiers of those entries, each kept with so much of it."""
    return [Terms(key, entry, entry * percent // 100, PERIOD) for key, entry in enumerate(sorted(entries), start=1)]


LADDERS = st.builds(ladder, st.sets(st.integers(0, 9), min_size=1, max_size=4), st.sampled_from([0, 50, 100]))


@given(LADDERS, st.integers(0, 10), st.integers(0, 10), st.booleans())
def test_more_spending_never_leads_to_a_lower_tier(tiers: list[Terms], spent: int, more: int, is_over: bool) -> None:
    for mine in tiers:
        held = Held(mine, AT, AT if is_over else AT + DAY)
        decisions = [tiering.decide(each, tiers, held, AT) for each in (spent, spent + more)]
        ended = [each.tier if each else mine for each in decisions]
        less, after = (each.entry if each else -1 for each in ended)
        assert less <= after
        assert is_over or less >= mine.entry
        assert not is_over or None not in decisions


@given(LADDERS, st.integers(0, 10))
def test_what_was_decided_stays(tiers: list[Terms], spent: int) -> None:
    for mine in [None, *tiers]:
        decision = tiering.decide(spent, tiers, Held(mine, AT, AT if mine else None), AT)
        if decision and decision.tier:
            again = Held(decision.tier, AT, AT + DAY)
            assert tiering.decide(spent, tiers, again, AT) is None
            assert tiering.place(spent, tiers, again) is None


INSTANTS = st.integers(-1_000_000, 3_000_000).map(lambda minutes: AT + timedelta(minutes=minutes))


@given(INSTANTS | INSTANTS.map(lambda instant: begin(day_of(instant))), st.integers(1, 800))
def test_a_period_ends_at_a_midnight_after_its_whole_days(since: datetime, days: int) -> None:
    end = tiering.period_end(since, Terms(1, 5, 5, days), "Europe/Berlin")

    assert end is not None
    assert end == begin(day_of(end))
    whole = (day_of(end) - day_of(since)).days
    assert whole == days + (since != begin(day_of(since)))
    assert tiering.period_end(end, Terms(1, 5, 5, days), "Europe/Berlin") == begin(day_of(end) + timedelta(days=days))
