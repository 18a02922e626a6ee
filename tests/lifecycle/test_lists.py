"""Lists per status are kept in step: who has the status is on the list, in order with what is told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from integrations import customers, merging
from integrations.audit import Actor
from integrations.delivery.engine import Engine
from integrations.models import AuditEntry, Customer, ProfileChange
from integrations.people import PersonInput
from lifecycle import services
from lifecycle.inputs import PlanInput
from lifecycle.models import StatusList
from lifecycle.rules_form import RulesForm
from lifecycle.services import lists, rules
from tests.support.clock import Clock
from tests.support.world import Shop, World

HOUR = timedelta(hours=1)


@pytest.fixture
def shop(world: World) -> Shop:
    return world.shop(packs=["subscription_lifecycle"])


def make_list(shop: Shop, name: str) -> str:
    body = {"data": {"type": "list", "attributes": {"name": name}}}
    headers = {"Authorization": f"Klaviyo-API-Key {shop.key}", "revision": "2026-07-15"}
    answer = requests.post(f"{shop.world.sandbox.url}/api/lists", json=body, headers=headers, timeout=10)
    return str(answer.json()["data"]["id"])


def keep(shop: Shop, at: datetime, **by_status: str) -> None:
    rules.change(
        shop.merchant,
        suppresses=True,
        status_lists=by_status,
        by=Actor(label="a test"),
        at=at,
    )


def tell(shop: Shop, status: str, at: datetime, email: str = "ann@shopper.example") -> Customer:
    with transaction.atomic():
        who = customers.resolve(shop.merchant, PersonInput(email=email), at=at)
        assert who is not None
        services.tell_plan(merchant=shop.merchant, customer=who, plan=PlanInput(at, status=status), at=at)
    return who


def on(shop: Shop, email: str = "ann@shopper.example") -> list[str]:
    """The ids of the lists that somebody is on at Klaviyo."""
    found = [each for each in shop.world.sandbox.profiles(shop.public_key) if each["email"] == email]
    return list(found[0]["lists"]) if found else []


def test_with_the_status_the_list_changes(shop: Shop, clock: Clock) -> None:
    active, stopped = make_list(shop, "Active"), make_list(shop, "Stopped")
    keep(shop, clock(), Active=active, stopped=stopped)
    seen = []
    for number, status in enumerate(["Active", "ACTIVE", "Stopped", "Paused", "Active"]):
        tell(shop, status, clock() + number * HOUR)
        clock.move_to(clock() + 6 * HOUR)
        Engine(clock=clock).run(seconds=60)
        seen.append(on(shop))

    assert seen == [[active], [active], [stopped], [], [active]]
    kinds = ProfileChange.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["list_add", "list_remove", "list_add", "list_remove", "list_add"]


def test_with_another_address_that_one_is_on_the_list(shop: Shop, clock: Clock) -> None:
    active = make_list(shop, "Active")
    keep(shop, clock(), Active=active)
    customer = tell(shop, "Active", clock())
    known = PersonInput(email=customer.email, external_id="4711")
    for person in (known, replace(known, email="ann.new@shopper.example")):
        customers.ingest_person(merchant=shop.merchant, person=person, at=clock())
    Engine(clock=clock).run(seconds=60)

    assert on(shop, "ann.new@shopper.example") == [active]


def test_an_older_word_moves_nobody(shop: Shop, clock: Clock) -> None:
    keep(shop, clock(), Active=make_list(shop, "Active"))
    tell(shop, "Stopped", clock())
    tell(shop, "Active", clock() - HOUR)

    assert not ProfileChange.objects.exists()


def test_who_has_the_status_already_is_put_on_a_new_list(
    shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        tell(shop, "Active" if number else "Stopped", clock(), f"person-{number}@mail.example")
    monkeypatch.setattr(lists, "AT_ONCE", 2)
    active = make_list(shop, "Active")
    keep(shop, clock(), Active=active)

    assert (lists.fill(at=clock(), seconds=60), lists.fill(at=clock(), seconds=60)) == (4, 0)
    Engine(clock=clock).run(seconds=60)
    assert [on(shop, f"person-{n}@mail.example") for n in range(5)] == [[], *[[active]] * 4]
    keep(shop, clock(), Active=active)
    assert StatusList.objects.get().is_filled
    assert AuditEntry.objects.filter(what="changed the rules of subscribers").count() == 1


def test_many_at_once_cost_no_more_statements_than_one(shop: Shop, clock: Clock) -> None:
    keep(shop, clock(), Active="Y6nRLr")
    people = [tell(shop, "", clock(), f"person-{n}@mail.example") for n in range(30)]

    def statements(moved: list[Customer]) -> int:
        with transaction.atomic(), CaptureQueriesContext(database) as told:
            lists.keep_in_step(shop.merchant, [(each, "", "Active") for each in moved], at=clock())
        return len(told)

    assert statements(people[:1]) == statements(people) <= 5


def test_leaving_travels_together(shop: Shop, clock: Clock) -> None:
    active = make_list(shop, "Active")
    keep(shop, clock(), Active=active)
    people = [tell(shop, "Active", clock(), f"person-{n}@mail.example") for n in range(120)]
    Engine(clock=clock).run(seconds=60)
    with transaction.atomic():
        lists.keep_in_step(shop.merchant, [(each, "Active", "") for each in people], at=clock())
    Engine(clock=clock).run(seconds=60)

    told = shop.world.sandbox.requests(shop.public_key)
    assert [each["status"] for each in told if each["operation"] == "remove_profiles_from_list"] == [204, 204]
    assert not any(on(shop, f"person-{n}@mail.example") for n in range(120))


def test_of_two_who_are_one_the_list_of_the_newest_status_is_left(shop: Shop, clock: Clock) -> None:
    active, stopped = make_list(shop, "Active"), make_list(shop, "Stopped")
    keep(shop, clock(), Active=active, Stopped=stopped)
    ann = tell(shop, "Active", clock())
    clock.move_to(clock() + HOUR)
    other = tell(shop, "Stopped", clock(), "ann@work.example")
    Engine(clock=clock).run(seconds=60)
    merging.merge_customers(merchant=shop.merchant, given_up=other, kept=ann, merged_at=clock(), at=clock())
    Engine(clock=clock).run(seconds=60)

    assert on(shop) == [stopped]


def test_a_list_that_is_not_there_is_the_changes_fault(shop: Shop, clock: Clock) -> None:
    keep(shop, clock(), Active="N0where")
    tell(shop, "Active", clock())
    tell(shop, "Stopped", clock() + HOUR)
    Engine(clock=clock).run(seconds=60)

    told = dict(ProfileChange.objects.values_list("kind", "deliveries__state"))
    assert set(told) == {"list_add", "list_remove"}
    assert told["list_add"] == "dead"


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("Active", "Line 1 is not of the form"),
        ("Active = Y6nRLr\n\n= Y6nRLr", "Line 3 is not of the form"),
        ("Active = Y6-nRLr", "Line 1 is not of the form"),
        ("Active = Y6nRLr\nACTIVE = Abc123", "Line 2: ACTIVE has a list already"),
        ("\n".join(f"S{n} = Y6nRLr" for n in range(51)), "At most 50"),
    ],
)
def test_what_is_no_list_of_lists_is_refused_by_its_line(lines: str, complaint: str, shop: Shop) -> None:
    data: dict[str, Any] = {"suppresses": "on", "status_lists": lines}
    form = RulesForm(rules.of(shop.merchant), [], data)

    assert complaint in form.errors["status_lists"][0]
