"""Subscriptions as they stand: the newest word holds, in whatever order words come; they follow a merge and an erasure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from django.db import transaction

from integrations import customers, erasure, merging
from integrations.audit import Actor
from integrations.catalog import catalog
from integrations.models import Customer, Merchant
from integrations.people import PersonInput
from lifecycle import services
from lifecycle.inputs import PlanInput
from lifecycle.models import Plan

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WORDS = (
    PlanInput(AT, schedule="Weekly", box="Small box", status="Active", is_mailed=True, signed_up_at=AT),
    PlanInput(AT + DAY, schedule="Biweekly"),
    PlanInput(AT + 2 * DAY, status="Stopped", is_mailed=False),
)


@pytest.fixture
def merchant() -> Merchant:
    return Merchant.objects.create(name="Alba", timezone="Europe/Berlin")


def shopper(merchant: Merchant, email: str) -> Customer:
    found = customers.resolve(merchant, PersonInput(email=email), at=AT)
    assert found is not None
    return found


def told(merchant: Merchant, customer: Customer, *words: PlanInput) -> Plan:
    for word in words:
        services.tell_plan(merchant=merchant, customer=customer, plan=word, at=AT)
    return Plan.objects.for_merchant(merchant).get(customer=customer)


def test_the_newest_word_holds_and_what_it_does_not_say_stays(merchant: Merchant) -> None:
    plan = told(merchant, shopper(merchant, "ann@shopper.example"), *WORDS)

    assert (plan.schedule, plan.box, plan.status, plan.is_mailed) == ("Biweekly", "Small box", "Stopped", False)
    assert plan.signed_up_at == AT


@pytest.mark.parametrize("words", list(permutations(WORDS)))
def test_an_older_word_changes_nothing(merchant: Merchant, words: tuple[PlanInput, ...]) -> None:
    plan = told(merchant, shopper(merchant, "ann@shopper.example"), *words)

    assert (plan.status, plan.told_at) == ("Stopped", AT + 2 * DAY)


def test_the_profile_tells_what_holds_now(merchant: Merchant) -> None:
    ann = shopper(merchant, "ann@shopper.example")
    told(merchant, ann, *WORDS[:2])

    found = catalog.profile_properties(merchant.pk, {ann.pk: ["Schedule", "Status", "Box", "SignUpDate"]})

    expected = {"Schedule": "Biweekly", "Status": "Active", "Box": "Small box", "SignUpDate": AT.isoformat()}
    assert found == {ann.pk: expected}


def test_dead_is_dead_in_any_letters(merchant: Merchant) -> None:
    ann = shopper(merchant, "ann@shopper.example")

    assert not told(merchant, ann, PlanInput(AT, status="Active")).is_dead
    assert told(merchant, ann, PlanInput(AT + DAY, status="DEAD")).is_dead


def test_of_two_who_are_one_the_plan_that_was_told_last_holds(merchant: Merchant) -> None:
    ann, other = shopper(merchant, "ann@shopper.example"), shopper(merchant, "ann@work.example")
    told(merchant, ann, WORDS[0])
    told(merchant, other, WORDS[2])

    merging.merge_customers(merchant=merchant, given_up=other, kept=ann, merged_at=AT + 3 * DAY, at=AT + 3 * DAY)

    assert [(each.customer_id, each.status) for each in Plan.objects.for_merchant(merchant)] == [(ann.pk, "Stopped")]


def test_of_whom_was_erased_no_word_is_kept(merchant: Merchant) -> None:
    ann = shopper(merchant, "ann@shopper.example")
    told(merchant, ann, WORDS[0])
    erasure.requested(merchant=merchant, person=PersonInput(email=ann.email), by=Actor(label="a test"), at=AT + DAY)
    ann.refresh_from_db()

    with transaction.atomic():
        services.tell_plan(merchant=merchant, customer=ann, plan=WORDS[2], at=AT + DAY)

    plan = Plan.objects.for_merchant(merchant).get(customer=ann)
    assert (plan.schedule, plan.box, plan.status, plan.is_mailed, plan.signed_up_at) == ("", "", "", None, None)
