"""The pages about suppressed addresses and about the rules: who may do what there, and what a list costs."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations import suppressions
from integrations.models import AuditEntry, Connection, Customer, Membership, Merchant, Suppression, SuppressionCheck
from lifecycle.models import LifecycleRules, LogFeed, LogSync, Plan, StatusList

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def merchant() -> Merchant:
    made = Merchant.objects.create(name="Alba", timezone="Europe/Berlin")
    Connection.objects.create(merchant=made, launch_at=AT)
    return made


def visitor(merchant: Merchant, role: str) -> Client:
    user = User.objects.create_user(role)
    Membership.objects.create(merchant=merchant, user=user, role=role)
    client = Client()
    client.force_login(user)
    return client


def test_an_editor_sets_the_rules_and_a_viewer_reads_them(merchant: Merchant) -> None:
    address = reverse("subscribers_rules", args=[merchant.public_id])
    said = {"status_lists": "Active = Y6nRLr\n Stopped=Abc123 "}
    assert "Save" not in visitor(merchant, "viewer").post(address, said).content.decode()
    assert not LifecycleRules.objects.exists()

    editor = visitor(merchant, "editor")
    assert editor.post(address, said).status_code == 302
    rules = LifecycleRules.objects.for_merchant(merchant).get()
    lists = dict(StatusList.objects.for_merchant(merchant).values_list("status", "list_id"))
    assert rules.suppresses is False
    assert lists == {"Active": "Y6nRLr", "Stopped": "Abc123"}
    assert len(AuditEntry.objects.get().details) == 3
    wrong = editor.post(address, {"status_lists": "Active"}).content.decode()
    assert "Line 1 is not of the form" in wrong


def test_a_sync_since_a_day_that_no_database_gives_back_is_refused(merchant: Merchant) -> None:
    address, editor = reverse("begin_sync", args=[merchant.public_id]), visitor(merchant, "editor")
    LogFeed.objects.create(merchant=merchant, url="https://shop.example/log", since=AT, next_pull_at=AT)

    refused = editor.post(address, {"since": "0001-01-01", "pace": "6000"})
    assert (refused.status_code, LogSync.objects.count()) == (200, 0)
    assert editor.post(address, {"since": "1970-01-01", "pace": "6000"}).status_code == 302


def test_a_list_costs_the_same_however_long_it_is(merchant: Merchant) -> None:
    client, address = visitor(merchant, "editor"), reverse("suppressions", args=[merchant.public_id])

    def look(count: int) -> tuple[int, int]:
        people = Customer.objects.bulk_create(
            Customer(merchant=merchant, email=f"person-{count}-{n}@mail.example") for n in range(count)
        )
        suppressions.suppress(merchant, dict.fromkeys(people, Suppression.Reason.DEAD), at=AT)
        with CaptureQueriesContext(database) as statements:
            page = client.get(address).content.decode()
        return page.count("@mail.example</td>"), len(statements)

    few, many = look(2), look(60)
    assert (few[0], many[0]) == (2, 50)
    assert few[1] == many[1]
    assert client.post(reverse("compare_suppressions", args=[merchant.public_id])).status_code == 302
    assert SuppressionCheck.objects.get().began_at is not None
    assert client.get(address, {"standing": "missing"}).content.decode().count("@mail.example") == 0


def test_subscribers_are_listed_with_what_they_have_and_found_by_their_address(merchant: Merchant) -> None:
    client, address = visitor(merchant, "viewer"), reverse("subscribers", args=[merchant.public_id])

    def statements() -> int:
        with CaptureQueriesContext(database) as asked:
            client.get(address)
        return len(asked)

    for number, shop in enumerate([merchant, merchant, Merchant.objects.create(name="Bora")]):
        who = Customer.objects.create(merchant=shop, email=f"s{number}@shopper.example", first_name=f"Sam{number}")
        Plan.objects.create(merchant=shop, customer=who, status="Active", box="Small box", told_at=AT, recorded_at=AT)
    count = statements()
    erased = Customer.objects.create(merchant=merchant, status=Customer.Status.ERASED, first_name="Gone")
    Plan.objects.create(merchant=merchant, customer=erased, told_at=AT, recorded_at=AT)

    everybody, one = (client.get(address, {"q": term}).content.decode() for term in ("", "s0@shopper.example"))
    assert re.findall("Sam[0-9]|Gone", everybody) == ["Sam1", "Sam0"]
    assert re.findall("Sam[0-9]|Gone", one) == ["Sam0"]
    assert everybody.count("Small box") == 2
    assert statements() == count
