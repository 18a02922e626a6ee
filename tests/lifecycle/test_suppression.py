"""Whoever is dead or not subscribed to e-mail is suppressed, once, before anything is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from integrations import consent, customers, erasure, merging
from integrations.audit import Actor
from integrations.models import Connection, Customer, Delivery, Merchant, ProfileChange, Suppression
from integrations.people import ConsentInput, PersonInput
from lifecycle import services
from lifecycle.inputs import PlanInput
from lifecycle.models import LifecycleRules
from lifecycle.services import suppression

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EMAIL = "ann@shopper.example"


@pytest.fixture
def merchant() -> Merchant:
    made = Merchant.objects.create(name="Alba", timezone="Europe/Berlin")
    Connection.objects.create(merchant=made, kind="klaviyo", enabled_metrics=["placed_order"], launch_at=AT - DAY)
    return made


def shopper(merchant: Merchant, email: str = EMAIL) -> Customer:
    found = customers.resolve(merchant, PersonInput(email=email), at=AT)
    assert found is not None
    return found


def tell(merchant: Merchant, at: datetime = AT, email: str = EMAIL, **said: Any) -> None:
    plan = PlanInput(at, **said)
    services.tell_plan(merchant=merchant, customer=shopper(merchant, email), plan=plan, at=at)


def say(merchant: Merchant, state: str, at: datetime) -> None:
    consent.record(merchant=merchant, consent=ConsentInput(PersonInput(email=EMAIL), "email", state, at), at=at)


def sign_up(merchant: Merchant, at: datetime) -> None:
    box = consent.SignUp(
        person=PersonInput(email=EMAIL),
        channels=["email"],
        is_marketing=True,
        source="Tracking page",
        given_at=at,
        text="Yes.",
    )
    consent.subscribe(merchant=merchant, sign_up=box, at=at)


def asked(merchant: Merchant) -> list[str]:
    """Every suppression that was ever asked for."""
    mine = ProfileChange.objects.for_merchant(merchant).filter(kind=ProfileChange.Kind.SUPPRESS)
    return list(mine.order_by("pk").values_list("email", flat=True))


def held(merchant: Merchant) -> list[tuple[str, str, bool]]:
    rows = Suppression.objects.for_merchant(merchant).order_by("pk")
    return [(row.email, row.reason, row.is_in_force) for row in rows]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"status": "Dead"}, "dead"),
        ({"status": "DEAD", "is_mailed": False}, "dead"),
        ({"is_mailed": False}, "not_mailed"),
    ],
)
def test_who_is_dead_or_not_mailed_is_suppressed_once(merchant: Merchant, said: dict[str, Any], reason: str) -> None:
    for days in range(3):
        tell(merchant, AT + days * DAY, **said)

    assert held(merchant) == [(EMAIL, reason, True)]
    row = Suppression.objects.get()
    assert row.change is not None
    assert [each.state for each in row.change.deliveries.all()] == ["pending"]
    assert asked(merchant) == [EMAIL]


def test_an_opt_out_suppresses_and_a_return_to_life_does_not_undo_it(merchant: Merchant) -> None:
    say(merchant, "unsubscribed", AT)
    tell(merchant, AT + DAY, status="Active", is_mailed=True)

    assert held(merchant) == [(EMAIL, "opted_out", True)]
    assert asked(merchant) == [EMAIL]


def test_only_a_new_consent_lifts_it_and_not_of_the_dead(merchant: Merchant) -> None:
    say(merchant, "unsubscribed", AT)
    sign_up(merchant, AT + DAY)
    assert held(merchant) == [(EMAIL, "opted_out", False)]

    tell(merchant, AT + 2 * DAY, status="Dead")
    assert held(merchant) == [(EMAIL, "dead", True)]

    sign_up(merchant, AT + 3 * DAY)
    kinds = list(ProfileChange.objects.order_by("pk").values_list("kind", flat=True))
    assert held(merchant) == [(EMAIL, "dead", True)]
    assert kinds == ["unsubscribe", "suppress", "subscribe", "suppress", "subscribe", "suppress"]


@pytest.mark.parametrize("before", [PersonInput(email=EMAIL), PersonInput(phone="+4915112345678")])
def test_with_another_address_that_one_is_suppressed_before_anything_goes_to_it(
    merchant: Merchant, before: PersonInput
) -> None:
    customer = customers.resolve(merchant, replace(before, external_id="4711"), at=AT)
    assert customer is not None
    services.tell_plan(merchant=merchant, customer=customer, plan=PlanInput(AT, status="Dead"), at=AT)

    person = PersonInput(email="ann.new@shopper.example", external_id="4711")
    for days in (1, 2):
        customers.ingest_person(merchant=merchant, person=person, at=AT + days * DAY)

    assert asked(merchant)[-1] == "ann.new@shopper.example"
    assert asked(merchant).count("ann.new@shopper.example") == 1


def test_whom_either_of_two_plans_says_is_not_mailed_is_suppressed_when_they_are_one(merchant: Merchant) -> None:
    ann, bob = shopper(merchant), shopper(merchant, "bob@shopper.example")
    tell(merchant, email="bob@shopper.example", is_mailed=False)
    tell(merchant, AT + DAY, status="Active")

    merging.merge_customers(merchant=merchant, given_up=bob, kept=ann, merged_at=AT, at=AT + 2 * DAY)

    assert (EMAIL, "not_mailed", True) in held(merchant)


@pytest.mark.parametrize("switch", ["rules", "metrics"])
def test_who_does_not_want_it_has_it_not(merchant: Merchant, switch: str) -> None:
    if switch == "rules":
        LifecycleRules.objects.create(merchant=merchant, suppresses=False)
    else:
        Connection.objects.update(enabled_metrics=["order_shipped"])
    tell(merchant, status="Dead")

    assert not held(merchant)
    assert not asked(merchant)


def check(merchant: Merchant, people: Sequence[Customer]) -> tuple[int, int]:
    """(how many were suppressed, statements)"""
    with transaction.atomic(), CaptureQueriesContext(database) as told:
        return services.check(merchant, people, at=AT), len(told)


def test_many_at_once_cost_no_more_statements_than_one(merchant: Merchant) -> None:
    merchant = Merchant.objects.prefetch_related("connections").get(pk=merchant.pk)
    people = [shopper(merchant, f"person-{number}@mail.example") for number in range(120)]
    for each in people:
        each.consent = {"email": {"state": "unsubscribed", "at": AT.isoformat()}}

    one, many, again = check(merchant, people[:1]), check(merchant, people), check(merchant, people)
    alive = check(merchant, [shopper(merchant, "live@mail.example")])

    assert (one[0], many[0], again[0], alive) == (1, 119, 0, (0, 1))
    # SQLite takes the rows of one statement in a few.
    assert one[1] <= 12
    assert many[1] <= one[1] + 4
    assert again[1] < one[1]


def test_of_whom_was_erased_no_address_is_kept(merchant: Merchant) -> None:
    tell(merchant, status="Dead")
    erasure.requested(merchant=merchant, person=PersonInput(email=EMAIL), by=Actor(label="a test"), at=AT + DAY)

    assert not held(merchant)
    assert not ProfileChange.objects.filter(email=EMAIL).exclude(kind="erase").exists()
    assert set(Delivery.objects.exclude(change__kind="erase").values_list("state", flat=True)) == {"skipped"}


def test_who_was_dead_before_it_was_wanted_is_found(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression, "CHUNK", 2)
    LifecycleRules.objects.create(merchant=merchant, suppresses=False)
    for number in range(5):
        tell(merchant, email=f"s{number}@shopper.example", status="Dead" if number < 4 else "Active")
    tell(merchant, email="s4@shopper.example", is_mailed=False)
    other = Merchant.objects.create(name="Bora")
    Connection.objects.create(merchant=other, kind="klaviyo", enabled_metrics=["order_shipped"], launch_at=AT - DAY)
    tell(other, status="Dead")
    before = suppression.check_all(at=AT, seconds=60)

    LifecycleRules.objects.update(suppresses=True)
    found = [suppression.check_all(at=AT, seconds=60) for _ in range(2)]

    assert (before, found) == (0, [5, 0])
    assert Suppression.objects.for_merchant(merchant).count() == Suppression.objects.count() == 5
    assert ProfileChange.objects.filter(kind="suppress").count() == 5
