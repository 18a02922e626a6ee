"""Birth months: once a year, on the day that a plain calendar says, whatever was said when, and whichever nights were missed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import strategies as st

from integrations.models import Customer, Event, Merchant
from loyalty import nights, services
from loyalty.models import IssuedReward, LedgerEntry, LoyaltyClock, Member
from loyalty.services import programmes
from loyalty.verification import verify
from tests.loyalty.rewarding import capture, five_off, make_account, night, pooled
from tests.loyalty.telling import MAY, ann, balance, member, merchant_with_programme, told
from tests.support.examples import tried_with
from tests.tracking.telling import AT, DAY, HOUR

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Kiritimati",
    "Pacific/Niue",
    "Asia/Kathmandu",
    "America/Santiago",
)
STARTS = (date(2026, 12, 30), date(2027, 2, 27), date(2028, 2, 28), date(2027, 3, 30), date(2027, 8, 30))


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant in Berlin with a member."""
    made = merchant_with_programme()
    member(made)
    return made


def midnight(day: date, zone: str) -> datetime:
    """The beginning of a day, by the clock on the wall."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


class Calendar:
    """What the rule says, day by day: for one member, with what was said so far."""

    def __init__(self, zone: str, start: date) -> None:
        self.zone = ZoneInfo(zone)
        self.done_on = start
        self.month, self.said_on = 0, start
        self.told: dict[int, date] = {}
        self.captured: set[int] = set()

    def capture(self, month: int, at: datetime) -> None:
        """The member says a month."""
        if month == self.month:
            return
        self.month, self.said_on = month, at.astimezone(self.zone).date()
        self.captured.add(month)
        if self._comes_on(self.said_on) == self.said_on and (self.said_on + DAY).month != month:
            self.told.setdefault(self.said_on.year, self.said_on)

    def work(self, at: datetime) -> None:
        """Every night up to now that was not done."""
        while self.done_on < at.astimezone(self.zone).date():
            self.done_on += DAY
            comes_on = self._comes_on(self.done_on)
            if comes_on is not None and comes_on <= self.done_on:
                self.told.setdefault(self.done_on.year, self.done_on)

    def _comes_on(self, day: date) -> date | None:
        """The day on which the month comes in the month of `day`, None where that is another one."""
        if day.month != self.month:
            return None
        if (self.said_on.year, self.said_on.month) != (day.year, day.month):
            return day.replace(day=1)
        after = self.said_on + DAY
        return after if after.month == day.month else self.said_on


@pytest.mark.django_db
@tried_with(
    15,
    400,
    always=[{"zone": "Pacific/Niue", "start": date(2028, 2, 28), "steps": [(30, 0), (48, None)]}],
    zone=st.sampled_from(ZONES),
    start=st.sampled_from(STARTS),
    steps=st.lists(
        st.tuples(st.integers(1, 40) | st.integers(1, 150), st.none() | st.integers(0, 2)), min_size=3, max_size=12
    ),
)
def test_birth_months_come_when_the_calendar_says(zone: str, start: date, steps: list[tuple[int, int | None]]) -> None:
    """A step: so many hours later the nights are done, or a month is said: this one, the next or the one after."""
    with transaction.atomic():
        merchant = merchant_with_programme(birthday_points=10)
        Merchant.objects.filter(pk=merchant.pk).update(timezone=zone)
        merchant = Merchant.objects.prefetch_related("connections").get(pk=merchant.pk)
        Member.objects.filter(pk=member(merchant).pk).update(registered_at=AT)
        LoyaltyClock.objects.update(done_on=start)
        calendar, now = Calendar(zone, start), midnight(start, zone) + HOUR
        for hours, month in steps:
            now += hours * HOUR
            if month is None:
                assert nights.work(at=now, seconds=60)
                calendar.work(now)
            else:
                said = (now.astimezone(ZoneInfo(zone)).month - 1 + month) % 12 + 1
                capture(merchant, said, at=now)
                calendar.capture(said, now)

        expected = {
            (f"birth_month_entered:{ann().pk}:{year}", midnight(day, zone)) for year, day in calendar.told.items()
        }
        events = Event.objects.filter(metric="birth_month_entered")
        assert set(events.values_list("unique_id", "occurred_at")) == expected
        assert events.count() == LedgerEntry.objects.filter(source="birthday_bonus").count() == len(expected)
        assert {each["BirthMonth"] for each in told("birth_month_captured")} == calendar.captured
        assert verify(merchant) == []
        transaction.set_rollback(True)


def test_it_comes_with_the_bonus_and_the_reward(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT, birthday_points=50, birthday_reward=five_off(merchant))
    capture(merchant, 12, at=AT)
    for _ in range(2):
        night(merchant, date(2026, 12, 1), at=AT + 11 * DAY)
    capture(merchant, 1, at=AT + 12 * DAY)
    capture(merchant, 12, at=AT + 13 * DAY)
    night(merchant, date(2026, 12, 5), at=AT + 15 * DAY)

    issued = IssuedReward.objects.get()
    assert told("birth_month_entered") == [
        {
            "BirthMonth": 12,
            "BirthdayPoints": 50,
            "RewardName": "5 € off",
            "DiscountCode": issued.told_code,
            "RewardExpiresAt": "2026-12-31T23:00:00+00:00",
        }
    ]
    event = Event.objects.get(metric="birth_month_entered")
    assert event.fresh_until == midnight(date(2027, 1, 1), "Europe/Berlin")
    (added,) = told("points_added")
    assert (added["Source"], added["Points"]) == ("birthday_bonus", 50)
    (given,) = told("reward_issued")
    assert (given["Source"], given["BalanceAfter"], issued.issued_at) == ("birthday", 50, event.occurred_at)


def test_on_the_last_day_of_the_month_it_comes_at_once(merchant: Merchant) -> None:
    last = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
    capture(merchant, 11, at=last)
    capture(merchant, 12, at=last)
    capture(merchant, 11, at=last)

    assert Event.objects.get(metric="birth_month_entered").occurred_at == midnight(date(2026, 11, 30), "Europe/Berlin")


def test_only_an_account_that_was_there_before_is_told_to_have_said_it(merchant: Merchant) -> None:
    capture(merchant, 3)
    make_account(merchant, created_at=AT + HOUR)
    capture(merchant, 4, at=AT + HOUR, at_registration=True)
    assert told("birth_month_captured") == []

    for month in (5, 5, 6, 5):
        capture(merchant, month, at=AT + 2 * HOUR)

    assert told("birth_month_captured") == [{"BirthMonth": 5}, {"BirthMonth": 6}]
    event = Event.objects.filter(metric="birth_month_captured").earliest("pk")
    assert (event.unique_id, event.occurred_at) == (f"birth_month_captured:{ann().pk}:05", AT + 2 * HOUR)
    for wrong in (0, 13):
        with pytest.raises(ValidationError, match="from 1 to 12"):
            capture(merchant, wrong)


def test_who_was_erased_gets_nothing(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT, birthday_points=50)
    capture(merchant, 12)
    Customer.objects.update(status=Customer.Status.ERASED)
    night(merchant, date(2026, 12, 1), at=AT + 11 * DAY)

    assert (balance(merchant), told("birth_month_entered")) == (0, [])


def many(merchant: Merchant, number: int, month: int) -> None:
    """So many members more, born in that month."""
    for each in range(number):
        customer = Customer.objects.create(merchant=merchant, email=f"{month}-{each}@shopper.example")
        with transaction.atomic():
            services.enrol(merchant, customer, Member.Source.ORDER, at=AT)
            services.capture_birth_month(merchant=merchant, customer=customer, month=month, at=AT)


def test_a_batch_costs_the_same_for_any_number_of_members(merchant: Merchant) -> None:
    reward = pooled(merchant, *(f"CODE{n}" for n in range(14)), valid_days=None)
    programmes.change(merchant, by=MAY, at=AT, birthday_points=50, birthday_reward=reward)
    many(merchant, 2, 12)
    many(merchant, 12, 1)
    counts = []
    for day in (date(2026, 12, 1), date(2027, 1, 1)):
        with CaptureQueriesContext(connection) as queries:
            night(merchant, day, at=AT + timedelta(days=50))
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 40
    assert (IssuedReward.objects.count(), len(told("birth_month_entered"))) == (14, 14)


def test_when_codes_run_out_the_rest_get_their_points(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT, birthday_points=50, birthday_reward=pooled(merchant, "ONE"))
    many(merchant, 3, 12)
    night(merchant, date(2026, 12, 1), at=AT + 11 * DAY)

    assert [each.get("DiscountCode") for each in told("birth_month_entered")] == ["ONE", None, None]
    assert LedgerEntry.objects.filter(source="birthday_bonus").count() == 3
