"""Klaviyo is told who missed a sign-up when the hours run out, and that it is over when it is: once each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import strategies as st

from integrations import customers, merging
from integrations.audit import Actor
from integrations.delivery.engine import Engine
from integrations.models import Customer, Lane, ProfileChange
from integrations.people import PersonInput
from lifecycle import services, tasks, told_apart
from lifecycle.inputs import PlanInput
from lifecycle.models import LogSync, ToldRuleset
from lifecycle.rulesets import MISSED_SIGN_UP
from lifecycle.services import rules, told
from tests.support.clock import Clock
from tests.support.examples import tried_with
from tests.support.world import Shop, World

HOUR = timedelta(hours=1)
ANN = "ann@shopper.example"


@pytest.fixture
def shop(world: World, clock: Clock) -> Shop:
    return world.shop(packs=["subscription_lifecycle"])


def who(shop: Shop, email: str = ANN) -> Customer:
    found = customers.resolve(shop.merchant, PersonInput(email=email), at=timezone.now())
    assert found is not None
    return found


def say(shop: Shop, customer: Customer | None = None, **plan: Any) -> None:
    """A source tells of a sign-up, now unless told otherwise."""
    said = PlanInput(plan.pop("told_at", timezone.now()), **plan)
    with transaction.atomic():
        services.tell_plan(merchant=shop.merchant, customer=customer or who(shop), plan=said, at=timezone.now())


def begin(shop: Shop, customer: Customer | None = None, hours_ago: float = 0) -> None:
    say(shop, customer, started_at=timezone.now() - hours_ago * HOUR)


def deliver(clock: Clock) -> None:
    clock.move_to(timezone.now())
    Engine(clock=clock).run(seconds=20)


def at_klaviyo(shop: Shop, email: str = ANN) -> Any:
    """What the profile says at Klaviyo; None where it says nothing."""
    found = [each for each in shop.world.sandbox.profiles(shop.public_key) if each["email"] == email]
    return found[0]["properties"].get("MissedSignUp") if found else None


def changes_asked_for() -> int:
    return ProfileChange.objects.filter(kind="upsert").count()


def test_klaviyo_hears_when_the_hours_run_out_and_when_it_is_over(shop: Shop, clock: Clock) -> None:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        seen = []
        begin(shop)
        for hours, deed in (
            (23, None),
            (2, None),
            (1, None),
            (1, lambda: say(shop, box="Small box", status="Active")),
            (1, lambda: say(shop, box="", schedule="", status="Stopped")),
            (1, lambda: begin(shop)),
            (25, None),
        ):
            traveller.shift(hours * HOUR)
            if deed:
                deed()
            else:
                tasks.tell_rulesets()
            deliver(clock)
            seen.append(at_klaviyo(shop))

    assert seen == [None, True, True, False, False, False, True]
    assert changes_asked_for() == 3


def test_nothing_is_told_of_a_log_that_is_being_read_from_its_past(shop: Shop, clock: Clock) -> None:
    begin(shop, hours_ago=9_000)
    now = timezone.now()
    sync = LogSync.objects.create(
        merchant=shop.merchant, until=now, read_due_at=now, parse_due_at=now, created_at=now, state="running"
    )
    tasks.tell_rulesets()
    told_while_reading = changes_asked_for()

    LogSync.objects.filter(pk=sync.pk).update(is_read=True)
    tasks.tell_rulesets()

    assert (told_while_reading, changes_asked_for()) == (0, 1)


def test_what_is_told_is_what_is_true_when_it_is_sent(shop: Shop, clock: Clock) -> None:
    begin(shop, hours_ago=48)
    Lane.objects.filter(connection=shop.connection).update(blocked_until=timezone.now() + HOUR)
    tasks.tell_rulesets()
    say(shop, schedule="Weekly")
    Lane.objects.filter(connection=shop.connection).update(blocked_until=None)
    deliver(clock)

    imports = [
        each["body"]
        for each in shop.world.sandbox.requests(shop.public_key, bodies=True)
        if each["path"] == "/api/profile-bulk-import-jobs"
    ]
    sent = [
        profile["attributes"]["properties"]
        for each in imports
        for profile in each["data"]["attributes"]["profiles"]["data"]
    ]
    assert sent == [{"MissedSignUp": False}, {"MissedSignUp": False}]


def test_with_longer_hours_it_is_taken_back(shop: Shop, clock: Clock) -> None:
    begin(shop, hours_ago=48)
    tasks.tell_rulesets()
    deliver(clock)
    first = at_klaviyo(shop)

    rules.change(shop.merchant, by=Actor(label="a test"), at=timezone.now(), missed_signup_hours=72)
    tasks.tell_rulesets()
    deliver(clock)

    assert (first, at_klaviyo(shop)) == (True, False)


def test_merchants_who_do_not_use_it_are_told_nothing_and_none_is_told_of_anothers(world: World, clock: Clock) -> None:
    user, other, without = (
        world.shop(name, packs=packs)
        for name, packs in (
            ("Alba", ["subscription_lifecycle"]),
            ("Bora", ["subscription_lifecycle"]),
            ("Cara", ["order_status"]),
        )
    )
    for shop in (user, without):
        begin(shop, hours_ago=48)
    begin(other, hours_ago=1)
    tasks.tell_rulesets()
    deliver(clock)

    assert [at_klaviyo(each) for each in (user, other, without)] == [True, None, None]


def test_of_two_who_are_one_it_is_known_what_was_told(shop: Shop, clock: Clock) -> None:
    begin(shop, hours_ago=48)
    other = who(shop, "other@shopper.example")
    say(shop, other, box="Small box", status="Active")
    tasks.tell_rulesets()

    with transaction.atomic():
        merging.merge_customers(
            merchant=shop.merchant, given_up=who(shop), kept=other, merged_at=timezone.now(), at=timezone.now()
        )
    deliver(clock)

    assert at_klaviyo(shop, "other@shopper.example") is False
    assert not ToldRuleset.objects.exists()


def test_with_another_address_it_is_told_by_that_one(shop: Shop, clock: Clock) -> None:
    ann = customers.resolve(shop.merchant, PersonInput(email=ANN, external_id="7"), at=timezone.now())
    begin(shop, ann, hours_ago=48)
    tasks.tell_rulesets()
    deliver(clock)

    new = PersonInput(email="ann@new.example", external_id="7")
    customers.resolve(shop.merchant, new, at=timezone.now(), acted_at=timezone.now())
    tasks.tell_rulesets()
    deliver(clock)

    assert at_klaviyo(shop, "ann@new.example") is True


def test_many_travel_together_and_cost_no_more_statements_than_one(shop: Shop, clock: Clock) -> None:
    def statements(people: range) -> int:
        for number in people:
            begin(shop, who(shop, f"person-{number}@mail.example"), hours_ago=48)
        with CaptureQueriesContext(database) as asked:
            assert told.tell(at=timezone.now(), seconds=60) == len(people)
        return len(asked)

    assert statements(range(1)) == statements(range(1, 31)) <= 16
    statements(range(31, 121))
    deliver(clock)

    assert [at_klaviyo(shop, f"person-{n}@mail.example") for n in range(121)] == [True] * 121
    asked = [each["path"] for each in shop.world.sandbox.requests(shop.public_key)]
    assert asked.count("/api/profile-bulk-import-jobs") == 3


@tried_with(
    8,
    200,
    steps=st.lists(
        st.sampled_from(["begin", "complete", "lose the box", "tick", "send", "longer hours", "shorter hours"])
        | st.integers(1, 40),
        max_size=12,
    ),
)
def test_in_the_end_klaviyo_has_what_is_true(shop: Shop, clock: Clock, steps: list[Any]) -> None:
    email = f"{ToldRuleset.objects.count()}-{Customer.objects.count()}@mail.example"
    with time_machine.travel(timezone.now() + HOUR, tick=False) as traveller:
        ann = who(shop, email)
        deeds = {
            "begin": lambda: begin(shop, ann),
            "complete": lambda: say(shop, ann, box="Small box", status="Active", signed_up_at=timezone.now()),
            "lose the box": lambda: say(shop, ann, box="", status="Stopped"),
            "tick": tasks.tell_rulesets,
            "send": lambda: deliver(clock),
            "longer hours": lambda: rules.change(
                shop.merchant, by=Actor(label="a test"), at=timezone.now(), missed_signup_hours=48
            ),
            "shorter hours": lambda: rules.change(
                shop.merchant, by=Actor(label="a test"), at=timezone.now(), missed_signup_hours=12
            ),
        }
        for step in (*steps, "tick", "send"):
            if isinstance(step, int):
                traveller.shift(step * HOUR)
            else:
                deeds[step]()
        missed = told_apart.plans_of(shop.merchant, MISSED_SIGN_UP, at=timezone.now()).filter(customer=ann).exists()

        assert bool(at_klaviyo(shop, email)) == missed
