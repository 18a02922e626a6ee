"""Replays: the count that was shown is the count that is sent, once more and again, and nothing is recorded twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations import replays, search
from integrations.audit import Actor
from integrations.delivery.engine import Engine
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import AuditEntry, Delivery, Merchant, Replay
from integrations.replays import TooMany
from integrations.search import Wanted
from tests.integrations.delivery.conftest import Backlog, backlog, sandbox, shop, world
from tests.support.world import Shop, World

__all__ = ["backlog", "sandbox", "shop", "world"]


@pytest.fixture
def actor(transactional_db: Any) -> Actor:
    return Actor(User.objects.create_user("olga", "olga@alba.example"))


def run(seconds: float = 20) -> None:
    """What a tick does."""
    replays.advance_due(at=timezone.now(), seconds=seconds)
    Engine().run(seconds=seconds)


def test_an_hour_is_sent_twice_more_and_recorded_once(
    world: World, shop: Shop, backlog: Backlog, actor: Actor, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "BATCH", 7)
    world.sandbox.set_limits(None)
    backlog(shop, 30)
    Engine().run(seconds=20)
    assert sandbox.counters()["recorded"] == 30

    wanted = Wanted(metric="processing_order", since=timezone.now() - timedelta(hours=1))
    for _ in range(2):
        count = replays.propose(shop.merchant, wanted).count
        replay = replays.begin(shop.merchant, wanted, by=actor, at=timezone.now())
        run()
        replay.refresh_from_db()
        assert (replay.state, replay.total, replay.done, replay.resent) == ("finished", count, count, count)

    assert shop.states == {"sent": 30}
    assert sandbox.counters()["recorded"] == 30
    assert set(sandbox.receipts(shop.public_key).values()) == {3}
    assert AuditEntry.objects.filter(what="started a replay").count() == 2


def test_what_failed_is_found_whole_though_it_leaves_its_state_meanwhile(
    world: World, shop: Shop, backlog: Backlog, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "BATCH", 4)
    monkeypatch.setattr(search, "NEWEST", 5)
    backlog(shop, 20)
    Delivery.objects.update(state="dead", reason="exhausted", attempts=10)
    replay = replays.begin(shop.merchant, Wanted(state="failed"), by=actor, at=timezone.now())
    replays.advance_due(at=timezone.now(), seconds=20)

    replay.refresh_from_db()
    assert (replay.total, replay.resent, shop.states) == (20, 20, {"pending": 20})


@pytest.mark.parametrize(
    ("state", "reason", "is_sent"),
    [
        ("sent", "", True),
        ("expired", "uncertain", True),
        ("skipped", "metric_off", True),
        ("skipped", "no_longer_true", False),
        ("skipped", "before_window", False),
        ("skipped", "erased", False),
        ("held", "before_launch", False),
    ],
)
def test_what_was_not_to_be_sent_is_still_not(
    shop: Shop, backlog: Backlog, actor: Actor, state: str, reason: str, is_sent: bool
) -> None:
    backlog(shop, 1)
    Delivery.objects.update(state=state, reason=reason)
    replays.begin(shop.merchant, Wanted(metric="processing_order"), by=actor, at=timezone.now())
    replays.advance_due(at=timezone.now(), seconds=20)

    assert shop.states == ({"pending": 1} if is_sent else {state: 1})


def test_what_is_recorded_later_is_not_meant(
    shop: Shop, backlog: Backlog, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    backlog(shop, 3)
    Delivery.objects.update(state="sent")
    replay = replays.begin(shop.merchant, Wanted(metric="processing_order"), by=actor, at=timezone.now())
    later = backlog(shop, 2)
    Delivery.objects.filter(pk__in=[each.pk for each in later]).update(state="sent")
    replays.advance_due(at=timezone.now(), seconds=20)

    replay.refresh_from_db()
    assert (replay.done, shop.states) == (3, {"pending": 3, "sent": 2})


def test_one_that_is_cancelled_stops(
    shop: Shop, backlog: Backlog, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "BATCH", 2)
    backlog(shop, 6)
    Delivery.objects.update(state="sent")
    replay = replays.begin(shop.merchant, Wanted(metric="processing_order"), by=actor, at=timezone.now())
    replays._advance(replay.pk, at=timezone.now())

    assert replays.cancel(shop.merchant, replay.pk, by=actor, at=timezone.now())
    assert not replays.cancel(shop.merchant, replay.pk, by=actor, at=timezone.now())
    replays.advance_due(at=timezone.now(), seconds=20)
    assert shop.states == {"pending": 2, "sent": 4}


def test_another_merchants_replay_and_events_are_out_of_reach(
    world: World, shop: Shop, backlog: Backlog, actor: Actor
) -> None:
    other = world.shop("Birch")
    backlog(other, 2)
    backlog(shop, 1)
    Delivery.objects.update(state="sent")
    replay = replays.begin(shop.merchant, Wanted(metric="processing_order"), by=actor, at=timezone.now())

    assert not replays.cancel(other.merchant, replay.pk, by=actor, at=timezone.now())
    replays.advance_due(at=timezone.now(), seconds=20)
    assert (shop.states, other.states) == ({"pending": 1}, {"sent": 2})


@pytest.mark.parametrize("count", [0, 3])
def test_none_and_too_many_are_refused(
    shop: Shop, backlog: Backlog, actor: Actor, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(replays, "MOST", 2)
    if count:
        backlog(shop, count)
    with pytest.raises(TooMany):
        replays.begin(shop.merchant, Wanted(metric="processing_order"), by=actor, at=timezone.now())

    assert not Replay.objects.exists()


def test_a_merchant_keeps_its_own(shop: Shop) -> None:
    assert replays.propose(Merchant.objects.create(name="Birch"), Wanted()).count == 0
