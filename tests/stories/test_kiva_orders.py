"""Kiva Logic's orders and its suppression list, from the API to Klaviyo, over real sockets."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone

from integrations import customers, onboarding, suppression_check, tokens
from integrations.models import Connection, Customer, Membership, Suppression
from integrations.people import PersonInput
from lifecycle import services
from lifecycle.inputs import PlanInput
from tests.support.world import Shop, World

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
DEAD, ALIVE = "dead@shopper.example", "ann@shopper.example"


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant whose subscribers get boxes."""
    return world.shop(packs=["subscription_lifecycle"])


@pytest.fixture
def at() -> datetime:
    """When the order was made."""
    return timezone.now().replace(microsecond=0) - 5 * HOUR


def tell(shop: Shop, path: str, **body: Any) -> dict[str, Any]:
    """Post to the API; what is answered."""
    _, token = tokens.create(
        shop.merchant, "shop", ["orders:write", "customers:write", "customers:read"], at=timezone.now()
    )
    answer = requests.post(
        f"{shop.world.site}/api/v1/{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    assert answer.status_code in (200, 201), answer.text
    told: dict[str, Any] = answer.json()
    return told


def place(shop: Shop, at: datetime, email: str, key: str = "820", **more: Any) -> dict[str, Any]:
    """An order that the schedule made."""
    line = {"external_id": "1", "product_name": "Small box", "quantity": 1, "price": "47.95", "categories": ["Boxes"]}
    order: dict[str, Any] = {
        "external_id": key,
        "number": f"#{key}",
        "placed_at": at.isoformat(),
        "currency": "USD",
        "total": "47.95",
    }
    order |= {"customer": {"email": email}, "lines": [line], "scheduled_on": (at + 96 * HOUR).date().isoformat()}
    return tell(shop, "orders", **(order | more))


def die(shop: Shop, *emails: str) -> None:
    """The merchant's system gives them up."""
    with transaction.atomic():
        for each in emails:
            who = customers.resolve(shop.merchant, PersonInput(email=each), at=timezone.now())
            assert who is not None
            plan = PlanInput(timezone.now(), status="Dead", schedule="Weekly", box="Small box")
            services.tell_plan(merchant=shop.merchant, customer=who, plan=plan, at=timezone.now())


def posted(shop: Shop) -> list[str]:
    """What was asked of Klaviyo since the merchant was taken on, and taken."""
    told = shop.world.sandbox.requests(shop.public_key)
    wanted = ("create_event", "bulk_create_events", "bulk_suppress_profiles", "bulk_unsubscribe_profiles")
    return [each["operation"] for each in told if each["operation"] in wanted and each["status"] == 202]


def test_placed_fulfilled_and_cancelled_are_told_in_their_order(shop: Shop, at: datetime) -> None:
    place(shop, at, ALIVE)
    tell(shop, "orders/820/complete", completed_at=(at + 2 * HOUR).isoformat())
    shop.world.work()
    assert dict(shop.names) == {"Placed Order": 1}

    tell(shop, "orders/820/bill", billed_at=(at + HOUR).isoformat())
    tell(shop, "orders/820/cancel", cancelled_at=(at + 3 * HOUR).isoformat(), cancel_reason="moved away")
    shop.world.work()

    assert [each["metric"] for each in shop.received] == ["Placed Order", "Fulfilled Order", "Cancelled Order"]
    assert {(each["unique_id"], each["value"], each["value_currency"]) for each in shop.received} == {
        ("820", 47.95, "USD")
    }
    assert shop.one("Fulfilled Order")["properties"]["FulfillmentMeaning"] == "billed_not_shipped"
    assert shop.one("Cancelled Order")["properties"]["Reason"] == "moved away"
    assert shop.one("Placed Order")["properties"]["Categories"] == ["Boxes"]


def test_a_whole_order_may_come_at_once(shop: Shop, at: datetime) -> None:
    """Placed, billed, completed and cancelled in one message: Placed Order is still accepted before the others are sent."""
    times = {"billed_at": at + HOUR, "completed_at": at + 2 * HOUR, "cancelled_at": at + 3 * HOUR}
    place(shop, at, ALIVE, **{name: when.isoformat() for name, when in times.items()})
    shop.world.work()

    came = [each["metric"] for each in shop.world.sandbox.events(shop.public_key)]
    assert came[0] == "Placed Order"
    assert sorted(came) == ["Cancelled Order", "Fulfilled Order", "Placed Order"]


def test_the_dead_are_suppressed_before_any_event_and_once(shop: Shop, at: datetime) -> None:
    """The order comes first, and waits; then the subscriber dies. What waits goes behind the suppression."""
    place(shop, at, DEAD)
    die(shop, DEAD)
    shop.world.work()
    assert posted(shop) == ["bulk_suppress_profiles", "create_event"]

    tell(shop, "orders/820/cancel", cancelled_at=(at + HOUR).isoformat())
    place(shop, at, DEAD, key="821")
    die(shop, DEAD)
    shop.world.work()
    assert posted(shop).count("bulk_suppress_profiles") == 1
    (profile,) = [each for each in shop.world.sandbox.profiles(shop.public_key) if each["email"] == DEAD]
    assert (profile["suppressions"], profile["events"]) == (["USER_SUPPRESSED"], 3)


def test_while_the_suppression_is_not_taken_nothing_is_told(shop: Shop, at: datetime) -> None:
    place(shop, at, DEAD)
    place(shop, at, ALIVE, key="821")
    die(shop, DEAD)
    shop.world.sandbox.fault("unavailable", account=shop.public_key, operation="bulk_suppress_profiles", times=1)
    shop.world.work(seconds=2)

    assert [each["email"] for each in shop.received] == [ALIVE]


def test_who_was_dead_before_is_suppressed_with_the_order(shop: Shop, at: datetime) -> None:
    """The metrics were off when the status was told: the check is made again with every order."""
    on = shop.connection.enabled_metrics
    Connection.objects.filter(pk=shop.connection.pk).update(enabled_metrics=["order_shipped"])
    die(shop, DEAD)
    assert not Suppression.objects.exists()

    Connection.objects.filter(pk=shop.connection.pk).update(enabled_metrics=on)
    place(shop, at, DEAD)
    shop.world.work()
    assert posted(shop) == ["bulk_suppress_profiles", "create_event"]


def test_an_opt_out_is_a_suppression_and_it_is_not_undone(shop: Shop, at: datetime) -> None:
    now = timezone.now()
    tell(shop, "opt-outs", customer={"email": ALIVE}, channels=["email"], occurred_at=now.isoformat())
    place(shop, at, ALIVE)
    shop.world.work()

    assert posted(shop) == ["bulk_unsubscribe_profiles", "bulk_suppress_profiles", "create_event"]
    (profile,) = [each for each in shop.world.sandbox.profiles(shop.public_key) if each["email"] == ALIVE]
    assert profile["suppressions"] == ["UNSUBSCRIBE", "USER_SUPPRESSED"]


def test_many_travel_a_hundred_at_a_time_and_the_list_can_be_saved(shop: Shop) -> None:
    everybody = [f"person-{number}@mail.example" for number in range(120)]
    with transaction.atomic():
        die(shop, *everybody)
    shop.world.work()

    told = shop.world.sandbox.requests(shop.public_key, bodies=True)
    sizes = [
        len(each["body"]["data"]["attributes"]["profiles"]["data"])
        for each in told
        if each["operation"] == "bulk_suppress_profiles"
    ]
    assert sizes == [100, 20]
    person = User.objects.create_user("viewer")
    Membership.objects.create(merchant=shop.merchant, user=person, role=Membership.Role.VIEWER)
    client = Client()
    client.force_login(person)
    file = client.get(f"/m/{shop.merchant.public_id}/suppressions/export/")
    rows = list(csv.DictReader(file.getvalue().decode().splitlines()))
    assert sorted(row["email"] for row in rows) == sorted(everybody)
    assert {row["reason"] for row in rows} == {"dead"}
    assert suppression_check.start(shop.merchant, at=timezone.now()) == 1
    suppression_check.compare_due(at=timezone.now(), seconds=20)
    page = client.get(f"/m/{shop.merchant.public_id}/suppressions/", {"q": "person-12@"}).content.decode()
    assert "120 suppressed there; none of ours missing there; none that are not ours" in page
    assert page.count("@mail.example</td>") == 1


def test_onboarding_warns_where_the_shop_sends_placed_order_itself(world: World) -> None:
    world.sandbox.add_account("pk_sandbox_kiva", public_key="KiVa01")
    world.sandbox.add_metric("KiVa01", "Placed Order", integration="Shopify", category="eCommerce")
    shop = world.shop("Kiva", packs=["subscription_lifecycle"])
    account = onboarding.check_key("klaviyo", "pk_sandbox_kiva", shop.connection.enabled_metrics, "Tidings")

    advice = onboarding.advise(shop.connection.enabled_metrics, account)
    assert any("Placed Order" in line and "Shopify" in line for line in advice), advice
    assert Customer.objects.count() == 0
