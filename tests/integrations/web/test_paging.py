"""The way through every list of the merchants' pages: on to what is older, and back to what is newest."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urljoin

import pytest
from django.test import Client

from integrations import suppressions
from integrations.models import Connection, Customer, Merchant, Suppression
from integrations.people import PersonInput
from integrations.web import paging
from lifecycle import services as lifecycle
from lifecycle.inputs import EntryInput
from lifecycle.models import Plan
from loyalty import services as loyalty
from loyalty.models import IssuedReward, PointSource
from loyalty.services import programmes
from loyalty.services.offline_codes import Named
from tests.loyalty.campaigning import draft
from tests.loyalty.rewarding import five_off
from tests.loyalty.telling import MAY
from tests.tracking.telling import AT, DAY, HOUR
from tracking.models import Issue, Order

from .conftest import SignIn
from .test_events import record
from .test_profiles import sign_up

LISTS = (
    "activity/",
    "events/",
    "issues/",
    "issues/?problem=FulfillmentStalled",
    "loyalty/campaigns/",
    "loyalty/codes/",
    "loyalty/codes/{batch}/",
    "loyalty/members/",
    "loyalty/members/{customer}/",
    "loyalty/rewards/",
    "loyalty/rewards/{reward}/",
    "profile-changes/",
    "subscribers/",
    "subscribers/missed/",
    "suppressions/",
)


@pytest.fixture
def keys(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A merchant with two of everything, on pages of one; returns what the addresses name."""
    monkeypatch.setattr(paging, "PAGE", 1)
    connection = Connection.objects.create(merchant=merchant, launch_at=AT - 30 * DAY, launched_at=AT)
    people = [subscribe(merchant, connection, number) for number in range(2)]
    suppressions.suppress(merchant, dict.fromkeys(people, Suppression.Reason.DEAD), at=AT)
    return {"customer": people[0].pk} | give(merchant, people)


def subscribe(merchant: Merchant, connection: Connection, number: int) -> Customer:
    """A subscriber with an order that stalled, an event of it, a sign-up that was missed, and an entry of the log."""
    at = AT + number * HOUR
    customer = Customer.objects.create(merchant=merchant, email=f"s{number}@shopper.example")
    record(merchant, connection, number, customer=customer)
    sign_up(merchant, number)
    entry = EntryInput(f"e{number}", "cancelled", at, PersonInput(email=customer.email), {})
    lifecycle.record(merchant=merchant, entries=[entry], at=at)
    Plan.objects.create(merchant=merchant, customer=customer, started_at=at - DAY, told_at=at, recorded_at=at)
    known = {"merchant": merchant, "recorded_at": at}
    order = Order.objects.create(
        **known, external_id=str(number), number=f"#{number}", customer=customer, placed_at=at, source_updated_at=at
    )
    Issue.objects.create(**known, order=order, problem="FulfillmentStalled", occurred_at=at)
    return customer


def give(merchant: Merchant, people: list[Customer]) -> dict[str, int]:
    """Points, rewards and codes for two members, and two campaigns; returns a reward and a batch that both have of."""
    programmes.change(merchant, by=None, at=AT - 90 * DAY)
    rewards = [five_off(merchant, name=f"Tea {number}") for number in range(2)]
    batches = [loyalty.make_offline_batch(merchant, by=MAY, at=AT, name="Tins", points=5, size=2) for _ in range(2)]
    for number, customer in enumerate(people):
        draft(merchant, name=f"Summer {number}")
        code = loyalty.find_offline_code(Named(batches[0].pk, number + 1))
        assert code
        loyalty.use_offline_code(code, contact=customer.email, at=AT + number * HOUR)
        points: Any = {"points": 100, "source": PointSource.PURCHASE, "cause": f"order:{number}"}
        loyalty.add_points(merchant=merchant, customer=customer, at=AT, **points)
        issued: Any = {"source": IssuedReward.Source.POINTS_REDEMPTION, "cause": f"reward:{number}"}
        loyalty.issue_reward(merchant=merchant, customer=customer, reward=rewards[0], at=AT, **issued)
    return {"reward": rewards[0].pk, "batch": batches[0].pk}


def ways(client: Client, address: str) -> dict[str, str]:
    """Where the buttons of a list lead."""
    page = client.get(address)
    found = re.findall(r'<a class="button" href="([^"]+)">(Newest|Older)</a>', page.content.decode())
    return {name: unescape(href) for href, name in found}


@pytest.mark.parametrize("path", LISTS)
def test_from_the_newest_to_what_is_older_and_back(
    merchant: Merchant, keys: dict[str, int], sign_in: SignIn, path: str
) -> None:
    client, newest = sign_in("viewer"), f"/m/{merchant.public_id}/{path.format(**keys)}"
    first = ways(client, newest)
    second = ways(client, urljoin(newest, first["Older"]))

    assert list(first) == ["Older"]
    assert urljoin(newest, second["Newest"]) == newest
