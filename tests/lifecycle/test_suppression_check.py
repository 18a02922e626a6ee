"""What we hold suppressed against what Klaviyo does: asked for once more, listed, and nothing undone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from django.db import transaction

from integrations import customers, leases, suppression_check
from integrations.delivery.engine import Engine
from integrations.destinations import registry
from integrations.models import ProfileChange, Suppression, SuppressionCheck
from integrations.people import PersonInput
from lifecycle import services
from lifecycle.inputs import PlanInput
from tests.support.clock import Clock
from tests.support.world import Shop, World

DAY = timedelta(days=1)


@pytest.fixture
def shop(world: World) -> Shop:
    return world.shop(packs=["subscription_lifecycle"])


def die(shop: Shop, email: str, at: datetime) -> None:
    with transaction.atomic():
        who = customers.resolve(shop.merchant, PersonInput(email=email), at=at)
        assert who is not None
        services.tell_plan(merchant=shop.merchant, customer=who, plan=PlanInput(at, status="Dead"), at=at)


def at_klaviyo(shop: Shop, verb: str, *emails: str) -> None:
    """Somebody suppresses addresses there by hand, or takes them out."""
    kind = {"suppress": "profile-suppression-bulk-create-job", "unsuppress": "profile-suppression-bulk-delete-job"}[
        verb
    ]
    people = {"data": [{"type": "profile", "attributes": {"email": each}} for each in emails]}
    answer = requests.post(
        f"{shop.world.sandbox.url}/api/{kind}s",
        json={"data": {"type": kind, "attributes": {"profiles": people}}},
        headers={"Authorization": f"Klaviyo-API-Key {shop.key}", "revision": "2026-07-15"},
        timeout=10,
    )
    assert answer.status_code == 202, answer.text


def compare(shop: Shop, clock: Clock, *, later: timedelta = DAY) -> tuple[int, int, int]:
    """(seen, missing, found) of the comparison of the next day, with what comes of it delivered."""
    clock.move_to((clock() + later).replace(hour=12))
    for _ in range(50):
        if suppression_check.compare_due(at=clock(), seconds=60):
            break
    Engine(clock=clock).run(seconds=60)
    row = SuppressionCheck.objects.for_merchant(shop.merchant).get()
    assert row.finished_at == clock()
    return row.seen, row.missing, row.found


def held(shop: Shop) -> dict[str, str]:
    return dict(Suppression.objects.for_merchant(shop.merchant).values_list("email", "reason"))


def test_what_differs_is_asked_for_once_more_or_listed(shop: Shop, clock: Clock) -> None:
    for name in ("ann", "bob"):
        die(shop, f"{name}@shopper.example", clock())
    Engine(clock=clock).run(seconds=60)
    assert compare(shop, clock) == (2, 0, 0)

    at_klaviyo(shop, "unsuppress", "bob@shopper.example")
    at_klaviyo(shop, "suppress", "eve@shopper.example")
    assert compare(shop, clock) == (2, 1, 1)
    assert held(shop)["eve@shopper.example"] == "found"
    bob = Suppression.objects.get(email="bob@shopper.example")
    assert (bob.missing_since, bob.asked_again_at) == (clock(), clock())

    at_klaviyo(shop, "unsuppress", "bob@shopper.example", "eve@shopper.example")
    assert compare(shop, clock) == (1, 1, 0)
    assert "eve@shopper.example" not in held(shop)
    asked = ProfileChange.objects.filter(email="bob@shopper.example", kind="suppress")
    assert asked.count() == 2

    at_klaviyo(shop, "suppress", "bob@shopper.example")
    assert compare(shop, clock) == (2, 0, 0)
    bob.refresh_from_db()
    assert (bob.missing_since, bob.asked_again_at) == (None, None)


def test_it_is_done_once_a_day_and_goes_on_where_it_stopped(
    shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    die(shop, "ann@shopper.example", clock())
    for start in range(0, 250, 100):
        at_klaviyo(shop, "suppress", *(f"person-{n}@mail.example" for n in range(start, min(start + 100, 250))))
    Engine(clock=clock).run(seconds=60)
    monkeypatch.setattr(suppression_check, "PAGES", 1)

    assert compare(shop, clock) == (251, 0, 250)
    reads = [each for each in shop.world.sandbox.requests(shop.public_key) if each["operation"] == "get_profiles"]
    suppression_check.compare_due(at=clock(), seconds=60)
    again = [each for each in shop.world.sandbox.requests(shop.public_key) if each["operation"] == "get_profiles"]
    assert len(reads) == len(again)


def test_a_page_is_not_counted_by_a_worker_whose_turn_was_taken_over(
    shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    die(shop, "ann@shopper.example", clock())
    Engine(clock=clock).run(seconds=60)
    monkeypatch.setattr(suppression_check, "LEASE_SECONDS", 0)
    destination = type(registry.get("klaviyo"))
    read = destination.suppressed

    def slowly(*given: Any, **named: Any) -> Any:
        """It takes so long that another worker goes on in the meantime."""
        page = read(*given, **named)
        assert leases.acquire(f"suppressions:{shop.connection.pk}", 60)
        return page

    monkeypatch.setattr(destination, "suppressed", slowly)

    clock.move_to((clock() + DAY).replace(hour=12))
    assert suppression_check.compare_due(at=clock(), seconds=60) == 0
    assert SuppressionCheck.objects.get().counted == 0


def test_what_went_wrong_is_seen_and_it_is_tried_again(shop: Shop, clock: Clock) -> None:
    die(shop, "ann@shopper.example", clock())
    Engine(clock=clock).run(seconds=60)
    shop.world.sandbox.fault("unavailable", account=shop.public_key, operation="get_profiles", times=1)
    clock.move_to((clock() + DAY).replace(hour=12))
    suppression_check.compare_due(at=clock(), seconds=60)
    row = SuppressionCheck.objects.get()
    assert row.error
    assert row.finished_at is None

    assert compare(shop, clock, later=timedelta()) == (1, 0, 0)
    row.refresh_from_db()
    assert row.error == ""
