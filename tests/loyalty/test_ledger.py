"""The arithmetic of points alone: what is spent first, what refunds take, what debts are paid with."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from loyalty import ledger
from loyalty.ledger import Held, NotEnough, Owed, Part
from tests.support.examples import few_or_many

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("net_minor", "rate", "digits", "points"),
    [
        (8_000, "1", 2, 80),
        (8_099, "1", 2, 80),
        (8_099, "1.5", 2, 121),
        (199, "0.5", 2, 0),
        (200, "0.5", 2, 1),
        (8_000, "0", 2, 0),
        (1_250, "1", 0, 1_250),
        (1_250, "10", 3, 12),
        (-500, "1", 2, 0),
    ],
)
def test_points_for_an_amount_are_rounded_down(net_minor: int, rate: str, digits: int, points: int) -> None:
    assert ledger.earned(net_minor, Decimal(rate), digits) == points


@given(st.integers(1, 10_000), st.lists(st.integers(1, 5_000), min_size=1, max_size=8))
def test_parts_of_a_refund_add_up_to_the_whole(points: int, refunds: list[int]) -> None:
    net, refunded, taken = sum(refunds), 0, []
    for each in refunds:
        before = ledger.reversed_by(points, net, refunded)
        refunded += each
        taken.append(ledger.reversed_by(points, net, refunded) - before)

    assert sum(taken) == points
    assert min(taken) >= 0
    assert ledger.reversed_by(points, net, net + 1) == points
    assert ledger.reversed_by(points, net, -1) == 0


def test_what_runs_out_soonest_is_spent_first_then_what_came_first() -> None:
    lots = [
        Held(1, 10, AT, None),
        Held(2, 10, AT, AT + 9 * DAY),
        Held(3, 10, AT - DAY, AT + 9 * DAY),
        Held(4, 10, AT, AT + 2 * DAY),
        Held(5, 10, AT, AT),
        Held(6, 10, AT, AT + 9 * DAY),
    ]

    assert ledger.spend(45, lots, at=AT) == [Part(4, 10), Part(3, 10), Part(2, 10), Part(6, 10), Part(1, 5)]
    with pytest.raises(NotEnough, match="there are 50 points to spend, not 51"):
        ledger.spend(51, lots, at=AT)


def test_a_refund_takes_from_the_orders_own_lot_first_and_the_rest_is_owed() -> None:
    lots = [Held(1, 10, AT, AT + DAY), Held(2, 10, AT, None)]

    assert ledger.take_back(15, lots, first={2}) == ([Part(2, 10), Part(1, 5)], 0)
    assert ledger.take_back(25, lots, first={2}) == ([Part(2, 10), Part(1, 10)], 5)


def test_debts_are_paid_oldest_first() -> None:
    paid = ledger.pay([Owed(8, 5), Owed(7, 10)], [Held(1, 12, AT)])

    assert paid == [(Owed(7, 10), Part(1, 10)), (Owed(8, 5), Part(1, 2))]


class Book(RuleBasedStateMachine):
    """A member's points kept by nothing but the arithmetic: entries, lots and what each entry took."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[int] = []
        self.lots: dict[int, Held] = {}
        self.taken: dict[int, list[Part]] = defaultdict(list)
        self.redemptions: list[int] = []
        self.now = AT

    @property
    def balance(self) -> int:
        return sum(self.entries)

    @property
    def debts(self) -> list[Owed]:
        owed = {key: -points - sum(each.points for each in self.taken[key]) for key, points in enumerate(self.entries)}
        return [Owed(key, points) for key, points in owed.items() if points > 0 and self.entries[key] < 0]

    def post(self, points: int, parts: list[Part]) -> int:
        self.entries.append(points)
        self.move(len(self.entries) - 1, parts)
        return len(self.entries) - 1

    def move(self, entry: int, parts: list[Part]) -> None:
        for part in parts:
            lot = self.lots[part.lot]
            self.lots[part.lot] = Held(lot.key, lot.points - part.points, lot.effective_at, lot.expires_at)
            self.taken[entry].append(part)

    def pay(self) -> None:
        for debt, part in ledger.pay(self.debts, list(self.lots.values())):
            self.move(debt.key, [part])

    @rule(points=st.integers(1, 100), days=st.none() | st.integers(1, 20))
    def earn(self, points: int, days: int | None) -> None:
        entry = self.post(points, [])
        self.lots[entry] = Held(entry, points, self.now, self.now + days * DAY if days else None)
        self.pay()

    @rule(points=st.integers(1, 150))
    def spend(self, points: int) -> None:
        spendable = sum(
            each.points for each in self.lots.values() if not (each.expires_at and each.expires_at <= self.now)
        )
        try:
            parts = ledger.spend(points, list(self.lots.values()), at=self.now)
        except NotEnough:
            assert points > spendable
        else:
            assert points <= spendable
            self.redemptions.append(self.post(-points, parts))

    @rule(points=st.integers(1, 150), own=st.integers(0, 5))
    def take_back(self, points: int, own: int) -> None:
        parts, owed = ledger.take_back(points, list(self.lots.values()), first={own})
        assert owed == max(points - max(self.balance, 0), 0)
        self.post(-points, parts)

    @rule()
    def revert(self) -> None:
        if self.redemptions:
            entry = self.redemptions.pop()
            self.post(-self.entries[entry], ledger.give_back(self.taken[entry]))
            self.pay()

    @rule(days=st.integers(1, 10))
    def expire(self, days: int) -> None:
        self.now += days * DAY
        due = [each for each in self.lots.values() if each.points and each.expires_at and each.expires_at <= self.now]
        if due:
            self.post(-sum(each.points for each in due), [Part(each.key, each.points) for each in due])

    @invariant()
    def it_adds_up(self) -> None:
        left = [each.points for each in self.lots.values()]
        owed = sum(each.points for each in self.debts)
        assert all(each >= 0 for each in left)
        assert self.balance == sum(left) - owed
        assert not (owed and sum(left))
        for key, lot in self.lots.items():
            taken = sum(part.points for parts in self.taken.values() for part in parts if part.lot == key)
            assert lot.points == self.entries[key] - taken


@few_or_many(60, 1_000)
def test_whatever_happens_it_adds_up(many: int) -> None:
    run_state_machine_as_test(Book, settings=settings(max_examples=many, stateful_step_count=40, deadline=None))
