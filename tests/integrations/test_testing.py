"""Test events: really sent, marked, no part of the history, and within limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations import connections, erasure, merchants, models, testing
from integrations.audit import Actor
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import AuditEntry, Connection, Event, Merchant
from integrations.people import PersonInput
from tests.support.world import Shop, World

AT = timezone.now().replace(microsecond=0)
MINUTE = timedelta(minutes=1)
EVA = "eva@alba.example"


@pytest.fixture
def klaviyo(settings: Any, db: None) -> Iterator[Sandbox]:
    with Sandbox(limit_scale=None) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        yield sandbox


@pytest.fixture
def shop(klaviyo: Sandbox) -> Shop:
    return World(klaviyo, "http://site.invalid").shop()


@pytest.fixture
def by(db: None) -> Actor:
    return Actor(User.objects.create_user("olga", "olga@alba.example"))


def test_a_sample_arrives_marked_and_is_no_part_of_the_history(shop: Shop, by: Actor) -> None:
    for _ in range(2):
        outcome = testing.send(shop.merchant, ["order_shipped"], "Eva@alba.example", by=by, at=AT)

    assert [(each.status, each.is_accepted, each.email) for each in outcome.tried] == [(202, True, EVA)]
    assert [(each["metric"], each["properties"]["TidingsTest"]) for each in shop.received] == [
        ("Order shipped", True)
    ] * 2
    assert shop.received[0]["properties"]["TrackingNumber"] == "1Z999AA10123456784"
    assert (Event.objects.count(), models.DeliveryAttempt.objects.count()) == (0, 0)
    entry = AuditEntry.objects.order_by("id")[0]
    assert (entry.what, entry.details) == ("sent test events", ["Order shipped: accepted, status 202"])


def test_at_most_ten_in_a_minute(shop: Shop, by: Actor) -> None:
    many = list(shop.connection.enabled_metrics)
    first = testing.send(shop.merchant, many, EVA, by=by, at=AT)
    second = testing.send(shop.merchant, many, EVA, by=by, at=AT)
    assert [(len(each.tried), each.left_out) for each in (first, second)] == [(8, 0), (2, 6)]

    with pytest.raises(testing.NotSent, match="At most 10"):
        testing.send(shop.merchant, many, EVA, by=by, at=AT + MINUTE / 2)
    assert len(testing.send(shop.merchant, many, EVA, by=by, at=AT + MINUTE).tried) == 8
    assert (len(shop.received), AuditEntry.objects.count()) == (18, 3)


def test_a_refused_key_pauses_the_connection_and_the_rest_is_left_out(klaviyo: Sandbox, shop: Shop, by: Actor) -> None:
    klaviyo.revoke_key(shop.key)
    outcome = testing.send(shop.merchant, ["order_shipped", "order_delivered"], EVA, by=by, at=AT)

    assert ([each.status for each in outcome.tried], outcome.left_out) == ([401], 1)
    assert outcome.tried[0].detail
    assert Connection.objects.get(pk=shop.connection.pk).state == "paused_auth"
    with pytest.raises(testing.NotSent, match="the key is refused"):
        testing.send(shop.merchant, ["order_shipped"], EVA, by=by, at=AT)


def test_what_klaviyo_refuses_is_told_in_its_words_and_the_next_is_tried(
    klaviyo: Sandbox, shop: Shop, by: Actor
) -> None:
    klaviyo.refuse_email(EVA)
    outcome = testing.send(shop.merchant, ["order_shipped", "order_delivered"], EVA, by=by, at=AT)

    assert [(each.status, each.is_accepted) for each in outcome.tried] == [(400, False)] * 2
    assert "email" in outcome.tried[0].detail
    assert "not accepted, status 400" in AuditEntry.objects.get().details[0]


def test_after_an_answer_that_did_not_come_nothing_more_is_tried(klaviyo: Sandbox, shop: Shop, by: Actor) -> None:
    klaviyo.fault("unavailable")
    outcome = testing.send(shop.merchant, ["order_shipped", "order_delivered"], EVA, by=by, at=AT)

    assert ([each.status for each in outcome.tried], outcome.left_out) == ([503], 1)


def test_nothing_is_sent_while_something_is_paused(shop: Shop, by: Actor) -> None:
    merchants.pause(shop.merchant)
    with pytest.raises(testing.NotSent, match="paused"):
        testing.send(Merchant.objects.get(), ["order_shipped"], EVA, by=by, at=AT)
    merchants.resume(shop.merchant)
    connections.pause(shop.connection, "operator", detail="", at=AT)
    with pytest.raises(testing.NotSent, match="paused by a person"):
        testing.send(Merchant.objects.get(), ["order_shipped"], EVA, by=by, at=AT)

    assert (shop.received, AuditEntry.objects.exists()) == ([], False)


def test_without_an_account_nothing_is_sent(db: None, by: Actor) -> None:
    with pytest.raises(testing.NotSent, match="No Klaviyo account"):
        testing.send(Merchant.objects.create(name="Birch"), ["order_shipped"], EVA, by=by, at=AT)


def test_a_shopper_who_is_forgotten_is_forgotten_here_too(shop: Shop, by: Actor) -> None:
    for email in (EVA, "ops@alba.example"):
        testing.send(shop.merchant, ["order_shipped"], email, by=by, at=AT)
    erasure.requested(merchant=shop.merchant, person=PersonInput(email=EVA), by=Actor(label="a test"), at=AT)

    assert list(models.TestEvent.objects.values_list("email", flat=True)) == ["ops@alba.example"]
    assert EVA not in str(AuditEntry.objects.values_list("details", flat=True))
