"""Subscribers as a CSM sees them: their plans, the rules that a form changes by one service call, and the lists by status."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.audit import Actor
from integrations.models import AuditEntry, Customer, Merchant
from lifecycle.models import LifecycleRules, Plan, StatusList
from lifecycle.services import rules

from . import rows

DAY = timedelta(days=1)
SOMEBODY = Actor(label="somebody")
PAGES = ("plan", "lifecyclerules", "statuslist")


def address(name: str, *args: object, **query: object) -> str:
    """Of a page of subscribers."""
    return reverse(f"admin:lifecycle_{name}", args=args, query={key: str(each) for key, each in query.items()} or None)


def change(of: Merchant, **values: Any) -> LifecycleRules:
    """Somebody at the merchant's changes rules."""
    return rules.change(of, by=SOMEBODY, at=rows.AT, **values)


def subscriber(of: Merchant, name: str = "ada", **said: Any) -> Plan:
    """Somebody with a plan."""
    customer = Customer.objects.create(merchant=of, email=f"{name}@example.com", first_name=name.capitalize())
    return Plan.objects.create(merchant=of, customer=customer, told_at=rows.AT, recorded_at=rows.AT, **said)


def shown(client: Client, of: Merchant) -> dict[str, Any]:
    """The form of a merchant's rules as a browser would send it back."""
    form = client.get(address("lifecyclerules_add", merchant=of.pk)).context["form"]
    said = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in said.items() if value is not False}


def send(client: Client, of: Merchant, **values: Any) -> Any:
    """Send the form in which only `values` were touched."""
    return client.post(address("lifecyclerules_add", merchant=of.pk), shown(client, of) | values, follow=True)


def staff_trail() -> list[tuple[str, str, list[str]]]:
    """Who of the staff changed what, with the details."""
    mine = AuditEntry.objects.filter(as_staff=True).order_by("pk")
    return list(mine.values_list("actor", "what", "details"))


def test_the_form_shows_the_defaults_and_changes_nothing_by_itself(csm: Client, merchant: Merchant) -> None:
    subscriber(merchant, status="Paused by <phone>")
    page = csm.get(address("lifecyclerules_add", merchant=merchant.pk)).content.decode()
    send(csm, merchant)

    assert "Statuses that subscribers have: Paused by &lt;phone&gt;." in page
    assert (shown(csm, merchant)["missed_signup_hours"], shown(csm, merchant)["checkout_told_by"]) == (24, "onsite")
    assert staff_trail() == []


def test_a_csm_sets_rules_and_lists_and_the_trail_says_who_did_it(csm: Client, merchant: Merchant) -> None:
    values = {"missed_signup_hours": "48", "cancelling_told_by": "log", "status_lists": "Active = Y6nRLr"}
    page = send(csm, merchant, **values).content.decode()
    held = rules.of(merchant)

    assert (held.suppresses, held.missed_signup_hours, held.cancelling_told_by) == (True, 48, "log")
    assert dict(StatusList.objects.values_list("status", "list_id")) == {"Active": "Y6nRLr"}
    details = [
        "Cancelled Account and cancelled: The log's; the page's never",
        "hours until a sign-up counts as missed: 48",
        "list of Active: none → Y6nRLr",
    ]
    assert staff_trail() == [("carla", "changed the rules of subscribers", details)]
    assert ["It holds for what" in page, "Active: Y6nRLr" in page, "Being filled" in page] == [True] * 3
    own = [
        f"/m/{merchant.public_id}/{each}/" for each in ("subscribers/rules", "subscribers/missed", "onsite", "changes")
    ]
    assert [path for path in own if f'href="{path}"' not in page] == []


def test_a_box_that_is_not_ticked_turns_a_rule_off(csm: Client, merchant: Merchant) -> None:
    values = shown(csm, merchant)
    del values["suppresses"], values["signed_identities_only"]
    csm.post(address("lifecyclerules_add", merchant=merchant.pk), values)

    assert (rules.of(merchant).suppresses, rules.of(merchant).signed_identities_only) == (False, False)


@pytest.mark.parametrize("meanwhile", [{"missed_signup_hours": 36}, {"status_lists": {"Dead": "Xyz789"}}])
def test_a_change_made_meanwhile_is_not_taken_back_unseen(
    csm: Client, merchant: Merchant, meanwhile: dict[str, Any]
) -> None:
    change(merchant, status_lists={"Active": "Y6nRLr"})
    before = shown(csm, merchant)
    change(merchant, **meanwhile)
    page = csm.post(address("lifecyclerules_add", merchant=merchant.pk), before | {"suppresses": ""}).content.decode()

    assert "Somebody changed the rules meanwhile" in page
    assert (rules.of(merchant).suppresses, staff_trail()) == (True, [])
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"missed_signup_hours": "0"}, "missed_signup_hours"),
        ({"status_lists": "Active"}, "status_lists"),
        ({"checkout_told_by": "nobody"}, "checkout_told_by"),
        ({"based_on": ""}, "based_on"),
    ],
)
def test_what_cannot_be_is_an_error_of_the_form(
    csm: Client, merchant: Merchant, values: dict[str, str], field: str
) -> None:
    answer = send(csm, merchant, **values)

    assert list(answer.context["form"].errors) == [field]
    assert not LifecycleRules.objects.exists()


def test_what_is_set_for_a_merchant_changes_nothing_of_another(csm: Client, merchant: Merchant) -> None:
    other = rows.merchant("Bora")
    theirs = change(other, missed_signup_hours=72, status_lists={"Active": "Bora1"})
    send(csm, merchant, missed_signup_hours="48", status_lists="Active = Acme1\nStopped = Acme2")
    mine = LifecycleRules.objects.for_merchant(merchant).get()
    pages = [csm.get(address("lifecyclerules_change", each.pk)).content.decode() for each in (mine, theirs)]
    listed = csm.get(address("statuslist_changelist"), {"merchant__id__exact": merchant.pk}).context["cl"].result_list

    assert (rules.of(other).missed_signup_hours, rules.of(merchant).missed_signup_hours) == (72, 48)
    assert [[each in page for each in ("Acme1", "Acme2", "Bora1")] for page in pages] == [
        [True, True, False],
        [False, False, True],
    ]
    assert {each.list_id for each in listed} == {"Acme1", "Acme2"}


def test_a_list_says_whether_those_who_had_the_status_are_on_it(csm: Client, merchant: Merchant) -> None:
    held = change(merchant, status_lists={"Active": "Y6nRLr", "Stopped": "Abc123"})
    StatusList.objects.filter(status="Active").update(is_filled=True)
    pages = {
        each.status: csm.get(address("statuslist_change", each.pk)).content.decode()
        for each in StatusList.objects.all()
    }
    found = [csm.get(address("statuslist_changelist"), {"q": term}).context["cl"] for term in ("Y6nRLr", "active")]

    assert {status: ">Filled<" in page for status, page in pages.items()} == {"Active": True, "Stopped": False}
    assert "Being filled" in pages["Stopped"]
    assert all(address("lifecyclerules_change", held.pk) in page for page in pages.values())
    assert [[row.status for row in each.result_list] for each in found] == [["Active"], ["Active"]]


def test_a_subscriber_is_found_by_address_with_all_that_is_known(csm: Client, merchant: Merchant) -> None:
    change(merchant, status_lists={"stopped": "Abc123"})
    begun = timezone.now() - 3 * DAY
    subscriber(merchant, "bob", status="Active")
    row = subscriber(merchant, "ada", status="Stopped", is_mailed=False, started_at=begun)
    found = csm.get(address("plan_changelist"), {"q": " ADA@example.com"})
    listed = found.content.decode()
    page = csm.get(address("plan_change", row.pk)).content.decode()

    assert list(found.context["cl"].result_list) == [row]
    assert listed.count("3 d ago") == 1
    assert [word in page for word in ("Stopped", "stopped: Abc123", "Missed sign-ups", "3 d ago")] == [True] * 4


@pytest.mark.parametrize(
    "said", [{"started_at": None}, {"box": "Small"}, {"status": "ACTIVE"}, {"signed_up_at": timezone.now()}]
)
def test_a_sign_up_that_was_completed_is_not_open(csm: Client, merchant: Merchant, said: dict[str, Any]) -> None:
    row = subscriber(merchant, **{"started_at": timezone.now() - 3 * DAY} | said)
    listed = csm.get(address("plan_changelist")).content.decode()
    page = csm.get(address("plan_change", row.pk)).content.decode()

    assert ("3 d ago" in listed, "Missed sign-ups" in page) == (False, False)


def test_plans_of_one_merchant_up_to_a_day(csm: Client, merchant: Merchant) -> None:
    old, new, theirs = subscriber(merchant, "old"), subscriber(merchant, "new"), subscriber(rows.merchant("Bora"))
    Customer.objects.filter(pk=old.customer_id).update(created_at=rows.AT - 9 * DAY)
    mine: dict[str, Any] = {"merchant__id__exact": merchant.pk}
    listed, until = (
        set(csm.get(address("plan_changelist"), mine | query).context["cl"].result_list)
        for query in ({}, {"until": f"{rows.AT - 5 * DAY:%Y-%m-%d}"})
    )

    assert (listed, until, theirs in listed) == ({old, new}, {old}, False)


@pytest.mark.parametrize("name", PAGES)
def test_lists_ask_no_more_for_more_rows(csm: Client, merchant: Merchant, name: str) -> None:
    counts = []
    for number in range(2):
        for each in range(3):
            of = rows.merchant(f"Shop {number}{each}")
            subscriber(of, f"s{number}{each}", status="Active", started_at=rows.AT)
            change(of, status_lists={"Active": "Y6nRLr", "Dead": "Abc123"})
        csm.get(address(f"{name}_changelist"))
        with CaptureQueriesContext(connection) as queries:
            assert csm.get(address(f"{name}_changelist")).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_who_may_only_look_changes_nothing(db: Any, merchant: Merchant) -> None:
    held, page = change(merchant, missed_signup_hours=36), address("lifecyclerules_add", merchant=merchant.pk)
    user = User.objects.create_user("eve", is_staff=True)
    client = Client()
    client.force_login(user)
    stranger = client.get(address("lifecyclerules_changelist")).status_code
    user.user_permissions.set(Permission.objects.filter(codename="view_lifecyclerules"))
    seen = client.get(address("lifecyclerules_change", held.pk))

    assert (stranger, seen.status_code) == (403, 200)
    assert [client.get(page).status_code, client.post(page, {"missed_signup_hours": "1"}).status_code] == [403, 403]
    assert (rules.of(merchant).missed_signup_hours, staff_trail()) == (36, [])
