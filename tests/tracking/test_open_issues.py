"""What is wrong now, and when it is no more; and the page that lists it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations.models import Membership, Merchant
from tests.tracking.stalling import DUE, PLACED, many, merchant_in_new_york, place, scan, ship
from tests.tracking.telling import DAY, HOUR
from tracking import stalled
from tracking.models import Issue

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    return merchant_in_new_york("order_tracking")


def wrong(merchant: Merchant, at: datetime) -> list[str]:
    """Problems that are open at an instant."""
    found = Issue.objects.for_merchant(merchant).open(at=at)
    return sorted(str(each.get_problem_display()) for each in found)


def test_an_order_that_stalled_is_open_until_it_is_shipped_or_cancelled(merchant: Merchant) -> None:
    place(merchant)
    place(merchant, key="2")
    stalled.sweep(at=DUE)
    assert wrong(merchant, DUE) == ["Order stalled", "Order stalled"]

    ship(merchant, DUE + HOUR)
    assert wrong(merchant, DUE + HOUR) == ["Order stalled"]
    place(merchant, key="2", updated=DUE + 2 * HOUR, cancelled_at=DUE + 2 * HOUR)
    assert wrong(merchant, DUE + 2 * HOUR) == []


def test_a_parcel_that_stalled_is_open_until_it_is_scanned(merchant: Merchant) -> None:
    place(merchant)
    ship(merchant)
    stalled.sweep(at=DUE)
    assert wrong(merchant, DUE) == ["Parcel stalled"]

    scan(merchant, "in_transit", DUE + HOUR)
    assert wrong(merchant, DUE + HOUR) == []


def test_a_delivery_that_was_attempted_is_open_until_it_succeeds(merchant: Merchant) -> None:
    place(merchant)
    ship(merchant)
    scan(merchant, "failure", PLACED + HOUR)
    scan(merchant, "out_for_delivery", PLACED + 2 * HOUR)
    assert wrong(merchant, PLACED + 2 * HOUR) == ["Delivery attempted"]

    scan(merchant, "delivered", PLACED + 3 * HOUR)
    assert wrong(merchant, PLACED + 3 * HOUR) == []


def test_a_parcel_that_goes_back_is_open_for_thirty_days(merchant: Merchant) -> None:
    place(merchant)
    ship(merchant)
    scan(merchant, "return_to_sender", PLACED + HOUR)

    assert wrong(merchant, PLACED + HOUR + 30 * DAY - timedelta(seconds=1)) == ["Returned to sender"]
    assert wrong(merchant, PLACED + HOUR + 30 * DAY) == []


@pytest.fixture
def client(merchant: Merchant) -> Client:
    user = User.objects.create_user("viewer@alba.example")
    Membership.objects.create(merchant=merchant, user=user, role="viewer")
    client = Client()
    client.force_login(user)
    return client


def test_the_list_has_every_open_issue_once_newest_first(merchant: Merchant, client: Client) -> None:
    many(merchant, 30)
    stalled.sweep(at=DUE + DAY)
    address = f"/m/{merchant.public_id}/issues/"
    with time_machine.travel(DUE + DAY, tick=False):
        first = client.get(address)
        second = client.get(f"{address}?{first.context['older']}")
        parcels = client.get(f"{address}?problem=ShipmentStalled")

    seen = [each for page in (first, second) for each in page.context["issues"]]
    assert len({each.pk for each in seen}) == len(seen) == 60
    assert [each.occurred_at for each in seen] == sorted((each.occurred_at for each in seen), reverse=True)
    assert {each.problem for each in parcels.context["issues"]} == {"ShipmentStalled"}
    assert f'href="/m/{merchant.public_id}/why/?q=%23' in first.content.decode()


def test_the_list_costs_the_same_however_long_it_is(merchant: Merchant, client: Client) -> None:
    counts = []
    for number in (1, 20):
        many(merchant, number)
        stalled.sweep(at=DUE + DAY)
        with time_machine.travel(DUE + DAY, tick=False), CaptureQueriesContext(database) as queries:
            client.get(f"/m/{merchant.public_id}/issues/")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 6
