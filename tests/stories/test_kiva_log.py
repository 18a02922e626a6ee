"""Kiva Logic's document, server side: the log is parsed into a queue of events, and the queue is run to Klaviyo."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from config.env import ROOT
from integrations import tokens
from integrations.audit import Actor
from integrations.models import Delivery, Event
from lifecycle import kinds, log
from lifecycle.services import feeds, syncs
from tests.support import log_feed
from tests.support.log_feed import Feed, made
from tests.support.rest import Rest
from tests.support.world import Shop, World

BY = Actor(label="a test")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DATA: dict[str, dict[str, Any]] = {
    "cancelled": {},
    "contact.form": {"Subject": "Where is my box?"},
    "failed.payment": {"Amount": 47.95, "FailureReason": "card_declined"},
    "referral.credit": {"CreditAmount": 10, "ReferredCustomer": "Bo B."},
    "shipping.email": {"OrderNumber": "#1001", "TrackingNumber": "1Z999AA10123456784", "Carrier": "UPS"},
    "started.signup": {"ItemNames": ["Small box"], "CheckoutURL": "https://shop.example/sign-up", "Amount": 47.95},
}
ENTRIES = 1_500
"""Of the past that is gone through while workers die."""

PLAN = {"schedule": "Weekly", "box": "Small box", "status": "Active", "subscribed": True}


@pytest.fixture
def began() -> datetime:
    """When the first of it happened."""
    return timezone.now().replace(microsecond=0) - 10 * HOUR


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant with the pack of subscribers."""
    return world.shop(packs=["subscription_lifecycle"])


def logged(number: int, kind: str, at: datetime, **more: Any) -> dict[str, Any]:
    customer = {"email": "ktest@shopper.example", "first_name": "test", "last_name": "mcgee"}
    entry = {"entry_id": f"e{number}", "kind": kind, "occurred_at": at.isoformat(), "customer": customer}
    return {**entry, "data": DATA[kind], **more}


def work(world: World) -> None:
    """Both steps: parse, then run."""
    log.work(seconds=20)
    world.work()


def test_all_six_kinds_reach_klaviyo_with_the_entrys_time(world: World, shop: Shop, began: datetime) -> None:
    client = Rest(tokens.create(shop.merchant, "kiva", ["activities:write"], at=timezone.now())[1])
    items = [logged(number, kind, began + number * HOUR, plan=PLAN) for number, kind in enumerate(DATA)]
    assert client.post("activities", items[0]).status_code == 201
    answer = client.post("activities/bulk", {"items": [*items, {"entry_id": "broken"}]}).json()
    assert [each["status"] for each in answer["results"]] == [200, 201, 201, 201, 201, 201, 422]

    log.work(seconds=20)
    assert shop.received == []
    assert Event.objects.for_merchant(shop.merchant).count() == 6
    world.work()

    told = [(each["metric"], each["time"][:19], each["unique_id"]) for each in shop.received]
    assert told == [
        (kind, (began + number * HOUR).strftime("%Y-%m-%dT%H:%M:%S"), f"log:e{number}")
        for number, kind in enumerate(DATA)
    ]
    payment, signup = shop.one("failed.payment"), shop.one("started.signup")
    assert payment["properties"] == {"LogEntryId": "e2", **DATA["failed.payment"]}
    assert (payment["value"], payment["value_currency"]) == (47.95, "USD")
    assert signup["value"] == 47.95
    assert shop.one("shipping.email")["properties"]["TrackingNumber"] == "1Z999AA10123456784"


def test_an_old_entry_updates_the_profile_to_what_is_current(world: World, shop: Shop, began: datetime) -> None:
    shop.post("activity_log", logged(1, "contact.form", began, plan=PLAN))
    shop.post("activity_log", logged(2, "cancelled", began + HOUR, plan={"status": "Stopped"}))
    shop.post("activity_log", logged(3, "referral.credit", began - 400 * DAY))

    world.take_in()
    work(world)

    profiles = world.sandbox.profiles(shop.public_key)
    (profile,) = [each for each in profiles if each["email"] == "ktest@shopper.example"]
    current = {name: profile["properties"][name] for name in ("Schedule", "Box", "Status")}
    assert current == {"Schedule": "Weekly", "Box": "Small box", "Status": "Stopped"}
    assert shop.names == {"contact.form": 1, "cancelled": 1}


@pytest.fixture
def feed(settings: Any) -> Iterator[Feed]:
    """A log of two years, whose feed answers over a socket."""
    settings.DEBUG = True
    with log_feed.serving([made(number) for number in range(ENTRIES)]) as feed:
        yield feed


def test_the_initial_sync_goes_to_the_very_beginning_and_fires_no_flow(world: World, shop: Shop, feed: Feed) -> None:
    feed.count = 60
    at = timezone.now()
    feeds.set_feed(merchant=shop.merchant, url=feed.url, secret=log_feed.SECRET, by=BY, at=at)
    syncs.begin(merchant=shop.merchant, since=None, pace=600_000, by=BY, at=at - timedelta(minutes=1))

    work(world)
    work(world)

    assert shop.names == dict.fromkeys(kinds.METRICS, 10)
    assert {each["backfill"] for each in shop.received} == {True}
    assert shop.received[0]["time"].startswith("2025-01-01T00:00:00")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_and_gone_on_with_nothing_is_lost_and_nothing_twice(
    world: World, shop: Shop, feed: Feed, tmp_path: Path
) -> None:
    at = timezone.now()
    feeds.set_feed(merchant=shop.merchant, url=feed.url, secret=log_feed.SECRET, by=BY, at=at)
    sync = syncs.begin(merchant=shop.merchant, since=None, pace=600_000, by=BY, at=at - timedelta(minutes=1))
    kills = tmp_path / "kills"

    worker = [sys.executable, "-m", "tests.support.log_worker", str(kills)]
    subprocess.run(worker, cwd=ROOT, env={**os.environ, "DEBUG": "true"}, check=True, timeout=300)
    world.work(seconds=120)

    sync.refresh_from_db()
    assert len(kills.read_text().splitlines()) >= 3
    assert (sync.state, sync.entries, sync.parsed, sync.events) == ("finished", ENTRIES, ENTRIES, ENTRIES)
    identities = [each["unique_id"] for each in shop.received]
    assert sorted(identities) == sorted(f"log:e{number}" for number in range(ENTRIES))
    assert set(Delivery.objects.for_merchant(shop.merchant).values_list("state", flat=True)) == {"sent"}
