"""Whole stories with naughty values in every field: taken in, handled, delivered, shown, and never told in the log."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations import inbound, sources
from integrations.delivery.engine import Engine
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Event, InboundMessage
from tests.support import naughty
from tests.support.logbook import written
from tests.support.messages import KINDS, load, places, put
from tests.support.world import Shop, World
from tracking.models import Order, Shipment

MEANING = ("email", "phone", "status", "tag", "date", "time", "_at", "ts", "restock")
"""Fields that lead somewhere: where they stay as they are, events come about and are sent."""

POOL: list[Any] = [*naughty.TEXTS, *naughty.emails(), *naughty.phones(), *naughty.moments(), *naughty.numbers()]
POOL = [value for value in POOL if not isinstance(value, float) or abs(value) < 2**63]


def story(number: int) -> list[tuple[str, Any]]:
    """What a shop and three carriers tell of one order with three parcels, each message with its kind."""
    order_id, fulfillment_id, numbers = 10**15 + number, 10**16 + number, [f"{each}{number:08d}" for each in "ESA"]
    # A run of Flow's is read whole before it is stored.
    left_out = ("deletion", "privacy", "easypost_bare", "flow_action")
    told = {name: load(KINDS[name].fixture) for name in KINDS if name not in left_out}
    told["order"] |= {"id": order_id, "fulfillments": []}
    told["refund"]["order_id"] = order_id
    told["fulfillment"] |= {"id": fulfillment_id, "order_id": order_id}
    told["event"] |= {"fulfillment_id": fulfillment_id, "order_id": order_id}
    told["easypost"]["result"]["tracking_code"], told["shippo"]["data"]["tracking_number"] = numbers[:2]
    told["aftership"]["msg"]["tracking_number"] = numbers[2]
    return list(told.items())


def spoil(name: str, payload: Any, values: Iterator[Any], *, keeps_meaning: bool) -> int:
    """Fill a message's fields with the next values; returns how many."""
    filled = 0
    for place in places(name)[0]:
        is_kept = keeps_meaning and any(word in str(place[-1]) for word in MEANING)
        if is_kept or place[0] in ("fulfillments", "tracking_numbers") or place == ("msg", "tracking_number"):
            continue
        put(payload, place, next(values))
        filled += 1
    return filled


def tell(shop: Shop, name: str, payload: Any, number: int) -> int:
    """Send one message to the hook; returns the answer's status."""
    kind, source = KINDS[name], sources.get(KINDS[name].source)
    body = json.dumps(payload).encode()
    headers = {**source.headers_for(kind.topic), **source.sign(body, shop.secrets[kind.source])}
    headers["x-shopify-webhook-id"] = f"{name} {number}"
    address = f"/hooks/{shop.merchant.public_id}/{kind.source}/"
    return int(Client().post(address, body, content_type="application/json", headers=headers).status_code)


@pytest.fixture
def shop(db: None, settings: Any) -> Iterator[Shop]:
    """A launched merchant with every metric, and a Klaviyo."""
    with Sandbox(limit_scale=None) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        yield World(sandbox, "http://site.invalid").shop()


def pages(shop: Shop) -> Iterator[str]:
    """The pages that show what was told."""
    for model in (Order, Shipment, Event, InboundMessage):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist", query={"merchant__id__exact": shop.merchant.pk})
        for row in naughty.sample(list(model.objects.for_merchant(shop.merchant).order_by("pk")), 4):
            yield reverse(f"{name}_change", args=[row.pk])


@pytest.mark.parametrize("stories", [5, pytest.param(len(POOL), marks=pytest.mark.full)])
def test_naughty_stories_are_taken_in_told_and_shown(shop: Shop, admin_user: User, stories: int) -> None:
    """Five stories try about 2,300 pairs of field and value; all of them (`-m full`) every value in every field."""
    values, tried, answers = itertools.cycle(POOL), 0, Counter[int]()
    with written() as lines:
        for number in range(stories):
            for name, payload in story(number):
                tried += spoil(name, payload, values, keeps_meaning=number % 5 > 0)
                answers[tell(shop, name, payload, number)] += 1
        inbound.handle_due(seconds=3600)
        Engine().run(seconds=3600)
    client = Client(raise_request_exception=False)
    client.force_login(admin_user)

    assert tried > 400 * stories
    assert answers.keys() <= {200, 202}
    assert set(shop.messages.values_list("error", flat=True)) == {""}
    assert shop.states.keys() <= {"sent", "held"}
    assert len(shop.received) == shop.states["sent"] > 5 * stories
    assert {page: status for page in pages(shop) if (status := client.get(page).status_code) != 200} == {}
    assert [line for line in lines if len(line.splitlines()) != 1] == []


PERSON = {
    "email": "canary.shopper@mail.example",
    "phone": "+1 415 555 2671",
    "first_name": "Zebulon",
    "last_name": "Quagga",
}
TRACES = ("canary.shopper", "5552671", "555 2671", "Zebulon", "Quagga", "Lane of secrets")


def test_a_shopper_is_named_nowhere_in_the_log(shop: Shop, admin_user: User) -> None:
    """Not by intake, handling, delivery, failures, a wrong signature, or a search in the admin; at DEBUG too."""
    client = Client(raise_request_exception=False)
    client.force_login(admin_user)
    with written() as lines:
        for name, payload in story(1):
            for each in (
                payload,
                payload.get("customer"),
                payload.get("shipping_address"),
                payload.get("default_address"),
            ):
                if isinstance(each, dict):
                    each |= PERSON | {"email_address": PERSON["email"], "address1": "Lane of secrets"}
            tell(shop, name, payload, 1)
            Client().post(
                f"/hooks/{shop.merchant.public_id}/shopify/", json.dumps(payload), content_type="application/json"
            )
        shop.world.sandbox.fault("garbage", times=2)
        inbound.handle_due(seconds=60)
        Engine().run(seconds=60)
        for query in (*PERSON.values(), "a\nb"):
            client.get(reverse("admin:integrations_event_changelist"), {"q": query})
    log = "\n".join(lines)

    assert len(lines) > 10
    assert PERSON["email"] in json.dumps(shop.world.sandbox.profiles(), default=str)
    assert [trace for trace in TRACES if trace in log] == []
    assert len(log.splitlines()) == len(lines)
