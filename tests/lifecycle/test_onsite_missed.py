"""Missed sign-ups: begun, not completed, and long enough ago; as a profile property, as a list and as a table."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import strategies as st

from integrations import erasure, merging
from integrations.audit import Actor
from integrations.catalog import catalog
from integrations.models import AuditEntry, Customer, Membership, Merchant
from integrations.people import PersonInput
from integrations.web import paging
from lifecycle import told_apart
from lifecycle.inputs import PlanInput
from lifecycle.models import LifecycleRules, Plan
from lifecycle.rulesets import MISSED_SIGN_UP
from lifecycle.services import tell_plan
from tests.support.examples import tried_with

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def merchant() -> Merchant:
    return Merchant.objects.create(name="Alba", timezone="Europe/Berlin")


def subscriber(merchant: Merchant, name: str, **plan: Any) -> Customer:
    """Somebody with a plan; begun two days ago unless told otherwise."""
    customer = Customer.objects.create(merchant=merchant, email=f"{name.lower()}@shopper.example", first_name=name)
    told = {"started_at": NOW - 48 * HOUR, "told_at": NOW, "recorded_at": NOW} | plan
    Plan.objects.create(merchant=merchant, customer=customer, **told)
    return customer


def missed(merchant: Merchant) -> list[str]:
    return [plan.customer.first_name for plan in told_apart.plans_of(merchant, MISSED_SIGN_UP, at=NOW)]


@pytest.fixture
def owner(merchant: Merchant) -> Client:
    user = User.objects.create_user("olga@alba.example")
    Membership.objects.create(merchant=merchant, user=user, role="owner")
    client = Client()
    client.force_login(user)
    return client


CASES: dict[str, tuple[dict[str, Any], bool | None]] = {
    "begun": ({}, True),
    "just begun": ({"started_at": NOW - HOUR}, False),
    "never begun": ({"started_at": None}, None),
    "has a box": ({"box": "Small box"}, False),
    "has a schedule": ({"schedule": "Weekly"}, False),
    "active": ({"status": "ACTIVE"}, False),
    "stopped": ({"status": "Stopped"}, True),
    "completed since": ({"status": "Stopped", "signed_up_at": NOW - 47 * HOUR}, False),
    "completed once, began again": ({"status": "Stopped", "signed_up_at": NOW - 99 * HOUR}, True),
}


@pytest.mark.parametrize("case", CASES)
def test_who_missed_it(merchant: Merchant, case: str) -> None:
    plan, expected = CASES[case]
    ann = subscriber(merchant, "Ann", **plan)

    told = catalog.profile_properties(merchant.pk, {ann.pk: ["MissedSignUp"]})[ann.pk]

    assert told.get("MissedSignUp") is expected
    assert missed(merchant) == (["Ann"] if expected else [])


@tried_with(
    25,
    400,
    started=st.none() | st.integers(0, 60),
    signed_up=st.none() | st.integers(0, 60),
    box=st.sampled_from(["", "Small box"]),
    schedule=st.sampled_from(["", "Weekly"]),
    status=st.sampled_from(["", "Active", "active", "Stopped", "Dead"]),
    hours=st.integers(1, 50),
)
def test_the_database_and_the_documents_sentence_agree(merchant: Merchant, **said: Any) -> None:
    started, signed_up = said["started"], said["signed_up"]
    LifecycleRules.objects.update_or_create(merchant=merchant, defaults={"missed_signup_hours": said["hours"]})
    Customer.objects.for_merchant(merchant).delete()
    subscriber(
        merchant,
        "Ann",
        started_at=None if started is None else NOW - started * HOUR,
        signed_up_at=None if signed_up is None else NOW - signed_up * HOUR,
        **{name: said[name] for name in ("box", "schedule", "status")},
    )

    has_completed = said["box"] or said["schedule"] or said["status"].lower() == "active"
    has_completed = has_completed or (signed_up is not None and started is not None and signed_up <= started)
    expected = started is not None and started >= said["hours"] and not has_completed

    assert missed(merchant) == (["Ann"] if expected else [])


def test_the_last_beginning_holds_in_whatever_order_it_is_told(merchant: Merchant) -> None:
    ann = Customer.objects.create(merchant=merchant, email="ann@shopper.example")
    for hours in (3, 1, 2):
        began = NOW - hours * HOUR
        tell_plan(merchant=merchant, customer=ann, plan=PlanInput(began, started_at=began), at=NOW)

    assert Plan.objects.get().started_at == NOW - HOUR


def test_of_two_who_are_one_what_was_told_holds_and_the_last_beginning(merchant: Merchant) -> None:
    ann = subscriber(merchant, "Ann", started_at=None, box="Small box", told_at=NOW - 9 * HOUR)
    other = subscriber(merchant, "Other", started_at=NOW - HOUR)

    merging.merge_customers(merchant=merchant, given_up=ann, kept=other, merged_at=NOW, at=NOW)

    plan = Plan.objects.for_merchant(merchant).get()
    assert (plan.customer_id, plan.box, plan.started_at) == (other.pk, "Small box", NOW - HOUR)


def test_of_whom_was_erased_no_beginning_is_kept(merchant: Merchant) -> None:
    ann = subscriber(merchant, "Ann")
    erasure.requested(merchant=merchant, person=PersonInput(email=ann.email), by=Actor(label="a test"), at=NOW)
    ann.refresh_from_db()
    tell_plan(merchant=merchant, customer=ann, plan=PlanInput(NOW, started_at=NOW), at=NOW)

    assert Plan.objects.for_merchant(merchant).get().started_at is None
    assert missed(merchant) == []


def test_the_list_is_paged_with_as_many_statements_for_any_number(merchant: Merchant, owner: Client) -> None:
    for number in range(paging.PAGE + 5):
        subscriber(merchant, f"s{number:02}", started_at=NOW - (48 + number) * HOUR)
    address = f"/m/{merchant.public_id}/subscribers/missed/"

    with CaptureQueriesContext(database) as asked:
        first = owner.get(address)
    older = owner.get(f"{address}?{first.context['older']}")

    shown = [plan.customer.first_name for page in (first, older) for plan, _ in page.context["rows"]]
    assert shown == [f"s{number:02}" for number in range(paging.PAGE + 5)]
    assert len(asked) <= 6


def test_the_table_is_whole_and_starts_no_formula(
    merchant: Merchant, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told_apart, "CHUNK", 2)
    for name in ("=1+1", "Bob", "Cleo"):
        subscriber(merchant, name.strip("=+1") or "x", status=name)

    answer = owner.get(f"/m/{merchant.public_id}/subscribers/missed/?as=csv")
    lines = list(csv.reader(answer.getvalue().decode().splitlines()))

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert lines[0] == ["email", "phone", "first_name", "last_name", "started_at", "status"]
    assert [line[-1] for line in lines[1:]] == ["Cleo", "Bob", "'=1+1"]


def test_an_editor_changes_the_hours_and_the_trail_says_so(merchant: Merchant, owner: Client) -> None:
    subscriber(merchant, "Ann")

    owner.post(f"/m/{merchant.public_id}/subscribers/missed/", {"missed_signup_hours": "72"})
    wrong = owner.post(f"/m/{merchant.public_id}/subscribers/missed/", {"missed_signup_hours": "0"})

    assert missed(merchant) == []
    assert "greater than or equal to 1" in wrong.content.decode()
    assert AuditEntry.objects.get().details == ["hours until a sign-up counts as missed: 72"]


def test_the_rules_of_what_pages_tell_are_changed(merchant: Merchant, owner: Client) -> None:
    address = f"/m/{merchant.public_id}/onsite/"

    owner.post(address, {"checkout_told_by": "script", "cancelling_told_by": "log"})

    rules = LifecycleRules.objects.for_merchant(merchant).get()
    assert (rules.checkout_told_by, rules.cancelling_told_by, rules.signed_identities_only) == ("script", "log", False)
    assert owner.post(address, {"checkout_told_by": "nobody", "cancelling_told_by": "log"}).status_code == 200
    assert Client().get(address).status_code == 302
