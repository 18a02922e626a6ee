"""Warnings of points that run out: once for each customer, date and window; of what is still there; never stale."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import strategies as st

from integrations.catalog import catalog
from integrations.models import Connection, Customer, Event, Merchant
from loyalty import nights, services
from loyalty.ledger import NotEnough
from loyalty.models import ExpiryWarning, LoyaltyClock, Member, PointSource
from loyalty.rechecks import spent_meanwhile
from loyalty.services import programmes
from tests.loyalty.rewarding import night
from tests.loyalty.telling import MAY, add, ann, member, merchant_with_programme, redeem, told
from tests.support.examples import tried_with
from tests.tracking.telling import AT, DAY, HOUR

BERLIN = ZoneInfo("Europe/Berlin")
START = date(2026, 11, 20)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant whose points run out after 40 days, with a member."""
    made = merchant_with_programme(expiry_days=40, expiring_windows=[30, 7])
    member(made)
    LoyaltyClock.objects.update(done_on=START)
    return made


class Plain:
    """What the rule says, day by day, with nothing but dates."""

    def __init__(self, windows: list[int], zone: ZoneInfo) -> None:
        self.windows, self.zone, self.done_on = windows, zone, START
        self.lots: list[list[Any]] = []
        self.told: dict[tuple[date, int], tuple[date, int]] = {}

    def today(self, at: datetime) -> date:
        """The date there."""
        return at.astimezone(self.zone).date()

    def add(self, points: int, expiry_days: int, at: datetime) -> None:
        """A lot: the first day on which it is gone, and what is in it."""
        self.lots.append([self.today(at) + timedelta(days=expiry_days + 1), points])

    def spend(self, points: int, at: datetime) -> bool:
        """The soonest first, if there are enough."""
        usable = sorted((each for each in self.lots if each[0] > self.today(at)), key=lambda each: each[0])
        if points > sum(each[1] for each in usable):
            return False
        for each in usable:
            taken = min(points, each[1])
            each[1] -= taken
            points -= taken
        return True

    def work(self, at: datetime) -> None:
        """If a day has begun: for each date to come, the shortest window it is in, if that was not told."""
        today = self.today(at)
        if today == self.done_on:
            return
        self.done_on = today
        for gone_on in {each[0] for each in self.lots if each[0] > today}:
            points = sum(each[1] for each in self.lots if each[0] == gone_on)
            window = min((each for each in self.windows if (gone_on - today).days <= each), default=None)
            if points and window is not None:
                self.told.setdefault((gone_on, window), (today, points))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 50), st.integers(1, 45)),
        st.tuples(st.just("spend"), st.integers(1, 60), st.just(0)),
        st.tuples(st.just("nights"), st.integers(1, 9), st.just(0)),
        st.tuples(st.just("nights"), st.integers(1, 2), st.just(0)),
    ),
    min_size=4,
    max_size=14,
)


@pytest.mark.django_db
@tried_with(
    15,
    400,
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Niue"]),
    windows=st.lists(st.integers(1, 40), unique=True, max_size=3),
    steps=STEPS,
)
def test_members_are_warned_as_the_plain_rule_says(
    zone: str, windows: list[int], steps: list[tuple[str, int, int]]
) -> None:
    """Nights are done after so many days: those between were missed."""
    with transaction.atomic():
        merchant = merchant_with_programme(expiring_windows=windows)
        Merchant.objects.filter(pk=merchant.pk).update(timezone=zone)
        merchant = Merchant.objects.prefetch_related("connections").get(pk=merchant.pk)
        member(merchant)
        LoyaltyClock.objects.update(done_on=START)
        plain, now = Plain(windows, ZoneInfo(zone)), datetime.combine(START, time(12), ZoneInfo(zone)).astimezone(UTC)
        for what, number, days in steps:
            now += HOUR / 60
            if what == "add":
                programmes.change(merchant, by=None, at=now, expiry_days=days)
                add(merchant, number, at=now)
                plain.add(number, days, now)
            elif what == "spend":
                try:
                    redeem(merchant, number, at=now)
                    is_spent = True
                except NotEnough:
                    is_spent = False
                assert plain.spend(number, now) == is_spent
            else:
                now += number * DAY
                assert nights.work(at=now, seconds=60)
                plain.work(now)

        found = {
            (event.unique_id, event.occurred_at, event.properties["PointsExpiring"], event.properties["DaysToExpiry"])
            for event in Event.objects.filter(metric="points_expiring")
        }
        expected = {
            (
                f"points_expiring:{ann().pk}:{gone_on}:{window}",
                datetime.combine(on, time(), ZoneInfo(zone)).astimezone(UTC),
                points,
                (gone_on - on).days,
            )
            for (gone_on, window), (on, points) in plain.told.items()
        }
        assert found == expected
        transaction.set_rollback(True)


def test_lots_of_one_date_are_one_warning_in_each_window(merchant: Merchant) -> None:
    for points in (30, 50):
        add(merchant, points)
    add(merchant, 20, at=AT + DAY)
    for day in range(1, 42):
        at = datetime.combine(START + timedelta(days=day), time(1), BERLIN).astimezone(UTC)
        assert nights.work(at=at, seconds=60)
        assert nights.work(at=at + HOUR, seconds=60)

    first = told("points_expiring")[0]
    assert first == {
        "PointsExpiring": 80,
        "ExpiresAt": "2026-12-30T23:00:00+00:00",
        "DaysToExpiry": 30,
        "Balance": 100,
        "WindowDays": 30,
        "$extra": {"Lots": [{"Points": each, "AddedAt": AT.isoformat()} for each in (30, 50)]},
    }
    assert [(each["PointsExpiring"], each["DaysToExpiry"]) for each in told("points_expiring")] == [
        (80, 30),
        (20, 30),
        (80, 7),
        (20, 7),
    ]
    event = Event.objects.filter(metric="points_expiring").earliest("pk")
    assert event.unique_id == f"points_expiring:{ann().pk}:2026-12-31:30"
    assert event.occurred_at == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert f"{event.fresh_until}" == "2026-12-30 23:00:00+00:00"
    assert ExpiryWarning.objects.count() == 2


def test_what_was_spent_before_it_is_sent_is_not_sent(merchant: Merchant) -> None:
    add(merchant, 80)
    night(merchant, date(2026, 12, 1), at=datetime(2026, 12, 1, tzinfo=UTC))
    event, at = Event.objects.get(metric="points_expiring"), datetime(2026, 12, 1, 9, tzinfo=UTC)
    connected, events = Connection.objects.get(), {event.unique_id: event.properties}
    redeem(merchant, 79, at=at)
    assert spent_meanwhile(connected, events, at) == []

    redeem(merchant, 1, at=at)

    assert spent_meanwhile(connected, events, at) == [event.unique_id]


def test_the_profile_has_what_runs_out_next(merchant: Merchant, django_assert_num_queries: Any) -> None:
    names = {"loyalty_points_expiring_next", "loyalty_points_expiring_next_at"}
    for points in (30, 50):
        add(merchant, points)
    add(merchant, 20, at=AT + DAY)
    redeem(merchant, 10, at=AT + DAY)
    key = ann().pk

    with django_assert_num_queries(1):
        read = catalog.profile_properties(merchant.pk, {key: names, 0: names})

    assert read == {
        key: {
            "loyalty_points_expiring_next": 70,
            "loyalty_points_expiring_next_at": "2026-12-30T23:00:00+00:00",
        },
        0: {},
    }


def test_warning_many_costs_what_warning_one_costs(merchant: Merchant) -> None:
    counts = []
    for number, day in ((1, date(2026, 12, 1)), (25, date(2026, 12, 2))):
        when = AT + (day.day - 1) * DAY
        for each in range(number):
            customer = Customer.objects.create(merchant=merchant, email=f"{number}-{each}@shopper.example")
            with transaction.atomic():
                services.enrol(merchant, customer, Member.Source.ORDER, at=AT)
                services.add_points(
                    merchant=merchant,
                    customer=customer,
                    points=5,
                    source=PointSource.MANUAL,
                    cause=f"{number}-{each}",
                    at=when,
                )
        with CaptureQueriesContext(connection) as queries:
            night(merchant, day, at=datetime.combine(day, time(3), UTC))
        counts.append(len(queries))

    assert len(told("points_expiring")) == 26
    assert counts[0] == counts[1]


def test_no_windows_no_warnings(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT, expiring_windows=[])
    add(merchant, 80)
    night(merchant, date(2026, 12, 1), at=datetime(2026, 12, 1, tzinfo=UTC))

    assert told("points_expiring") == []
