"""A merchant's settings of what stalls: versions that say who changed what, and values that make sense."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from integrations.audit import Actor
from integrations.models import Merchant
from tests.tracking.stalling import side_by_side
from tracking.models import StalledPolicy
from tracking.services import policies

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant who never changed anything."""
    return Merchant.objects.create(name="Alba")


def change(merchant: Merchant, **values: Any) -> StalledPolicy:
    """A new version, made by nobody."""
    return policies.change(merchant, by=None, at=AT, **values)


def test_who_never_changed_anything_has_the_defaults_without_a_row(merchant: Merchant) -> None:
    policy = policies.current(merchant)

    assert not StalledPolicy.objects.exists()
    assert (policy.version, policy.excluded_weekdays, policy.warnings) == (0, [5, 6], [])
    assert {policy.hours_until_fulfillment, policy.hours_before_pickup, policy.hours_in_transit} == {72}
    assert policies.in_force(merchant, AT) is None


def test_a_version_says_who_made_it_when_and_what_changed(merchant: Merchant) -> None:
    carla = User.objects.create_user("carla")
    override = {"carrier": "ups", "destination": "CA", "before_pickup": None, "in_transit": 96}
    policies.change(
        merchant, by=Actor(carla), at=AT, hours_until_fulfillment=48, excluded_weekdays=[6], overrides=[override]
    )
    made = policies.change(merchant, by=None, at=AT + HOUR, holiday_country="US", holiday_region="NY", problems_off=[])

    first = policies.in_force(merchant, AT)
    assert first is not None
    assert (first.version, first.created_by, first.created_at) == (1, carla, AT)
    assert first.changes == [
        "Hours until an order counts as stalled: 72 h → 48 h",
        "Excluded weekdays: Saturday, Sunday → Sunday",
        "Overrides: none → ups, CA (never before pick-up, 96 h in transit)",
    ]
    assert policies.current(merchant) == made
    assert (made.version, made.hours_until_fulfillment, made.overrides) == (2, 48, [override])
    assert made.changes == ["Country of public holidays: none → US", "Region of public holidays: none → NY"]


def test_where_nothing_differs_there_is_no_new_version(merchant: Merchant) -> None:
    made = change(merchant, own_dates=["2026-12-24", "2026-12-31"])

    assert change(merchant, own_dates=["2026-12-31", "2026-12-24", "2026-12-24"], hours_in_transit=72) == made
    assert StalledPolicy.objects.count() == 1


def test_a_version_is_never_changed(merchant: Merchant) -> None:
    made = change(merchant, hours_in_transit=24)
    made.hours_in_transit = 48

    with pytest.raises(TypeError, match="make a new one"):
        made.save()


def test_a_version_s_number_is_there_once(merchant: Merchant) -> None:
    change(merchant, hours_in_transit=24)

    with pytest.raises(IntegrityError), transaction.atomic():
        StalledPolicy.objects.create(merchant=merchant, version=1, created_at=AT)


GOOD = {"carrier": "ups", "destination": "", "before_pickup": 72, "in_transit": 72}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hours_until_fulfillment", 0),
        ("hours_until_fulfillment", 2_161),
        ("hours_before_pickup", -1),
        ("hours_in_transit", "many"),
        ("excluded_weekdays", [0, 1, 2, 3, 4, 5, 6]),
        ("excluded_weekdays", [7]),
        ("excluded_weekdays", ["Monday"]),
        ("home_country", "de"),
        ("holiday_country", "XX"),
        ("holiday_region", "NY"),
        ("own_dates", ["tomorrow"]),
        ("own_dates", ["2026-02-30"]),
        ("overrides", [{**GOOD, "in_transit": 0}]),
        ("overrides", [{**GOOD, "in_transit": True}]),
        ("overrides", [{**GOOD, "carrier": ""}]),
        ("overrides", [{**GOOD, "destination": "domestic"}]),
        ("overrides", [{**GOOD, "destination": "moon"}]),
        ("overrides", [GOOD, {**GOOD, "carrier": "UPS"}]),
        ("overrides", [{"carrier": "ups"}]),
        ("problems_off", ["Boredom"]),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_name(merchant: Merchant, name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        change(merchant, **{name: value})

    assert set(refused.value.message_dict) == {name}
    assert not StalledPolicy.objects.exists()


def test_what_is_no_setting_is_refused(merchant: Merchant) -> None:
    with pytest.raises(TypeError, match="version"):
        change(merchant, version=9)


@pytest.mark.parametrize(
    ("values", "warned"),
    [
        ({"hours_until_fulfillment": 24, "hours_in_transit": None}, 0),
        ({"hours_until_fulfillment": 23}, 1),
        ({"hours_before_pickup": 1, "hours_in_transit": 2}, 2),
        ({"overrides": [{**GOOD, "in_transit": 12}]}, 1),
    ],
)
def test_less_than_a_day_is_allowed_and_warned_of(merchant: Merchant, values: dict[str, Any], warned: int) -> None:
    assert len(change(merchant, **values).warnings) == warned


@pytest.mark.django_db(transaction=True)
def test_two_who_change_at_once_make_two_versions() -> None:
    committed = Merchant.objects.create(name="Alba")
    side_by_side(
        lambda: change(committed, hours_in_transit=30),
        lambda: change(committed, hours_before_pickup=40),
        lambda: change(committed, hours_until_fulfillment=50),
    )

    newest = policies.current(committed)
    assert newest.version == 3
    assert (newest.hours_in_transit, newest.hours_before_pickup, newest.hours_until_fulfillment) == (30, 40, 50)
