"""Two thousand events, each with a prescribed list of answers, over as many days as it takes by a clock that is moved."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as configured

from integrations.delivery import backoff, claim
from integrations.destinations.klaviyo.client import KlaviyoSession
from integrations.destinations.klaviyo.destination import Klaviyo
from integrations.destinations.klaviyo.sandbox.controls import Controls
from integrations.models import Delivery, DeliveryAttempt, Event
from integrations.reconciliation import reconcile
from tests.integrations.delivery.conftest import Backlog
from tests.support.clock import Clock, work_off
from tests.support.world import World

EVENTS = 40
"""Of each merchant."""

TRANSITIONS = 8
"""Events of one order."""

RETRY_AFTER = 40
"""Seconds that a throttled account is told to wait."""

READ_SECONDS = 3
"""In place of the client's thirty."""

TAKEN = ("none", "garbage", "slow")
"""Answers after which an event is accepted: 202, 202 with a body that is no JSON, 202 after a while."""

FAILURES = ("server_error", "unavailable", "reset_before", "reset_after")
SILENT = ("reset_before", "reset_after", "hang")
"""Failures without any answer."""

STEP = timedelta(minutes=5)
"""How far the clock goes beyond the next due instant, so that many events are tried at each."""


@dataclass(frozen=True)
class Script:
    """What the sandbox answers to one event, attempt by attempt; then it takes it."""

    kinds: tuple[str, ...]

    @property
    def failures(self) -> int:
        """Attempts that fail."""
        return sum(kind not in (*TAKEN, "throttle") for kind in self.kinds)

    @property
    def ending(self) -> tuple[str, str, int]:
        """State, reason and attempts that it implies."""
        if self.failures >= backoff.MAX_ATTEMPTS:
            return "dead", "exhausted", backoff.MAX_ATTEMPTS
        return "sent", "", self.failures + 1

    @property
    def is_recorded(self) -> bool:
        """Whether the sandbox has it at the end: it may have taken what Tidings holds for failed."""
        return self.ending[0] == "sent" or "reset_after" in self.kinds


def scripts(count: int) -> list[Script]:
    """Mostly passing trouble; the first event of every fourth merchant hangs first, the second of every tenth fails for good."""
    dice = random.Random(3)
    made = []
    for number in range(count):
        merchant, place = divmod(number, EVENTS)
        if place == 1 and merchant % 10 == 0:
            made.append(Script(("server_error",) * 4 + ("reset_after",) * 6))
            continue
        kinds = dice.choices((*FAILURES, "throttle"), (6, 6, 6, 6, 1), k=dice.choice((0, 0, 0, 1, 1, 2)))
        first = ("hang",) if place == 0 and merchant % 4 == 0 else ()
        made.append(Script((*first, *kinds, dice.choice(TAKEN))))
    return made


@pytest.fixture(autouse=True)
def impatient_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that waits for three seconds."""

    def open_session(self: Klaviyo, secret: str, address: str = "") -> KlaviyoSession:
        base_url, revision = configured.KLAVIYO_BASE_URL, configured.KLAVIYO_REVISION
        return KlaviyoSession(secret, base_url=base_url, revision=revision, read_seconds=READ_SECONDS)

    monkeypatch.setattr(Klaviyo, "open", open_session)


def prescribe(sandbox: Controls, unique_id: str, script: Script) -> None:
    """Hand a script to the sandbox."""
    for kind in script.kinds:
        seconds = {"throttle": RETRY_AFTER, "hang": READ_SECONDS + 10}.get(kind, 1)
        sandbox.script(unique_id, [kind], seconds=seconds, milliseconds=5)


def delays_outside_their_band(at: datetime) -> list[str]:
    """Of the attempts that failed at that instant: those whose next one is not due within ±20 % of the table's wait."""
    failed = DeliveryAttempt.objects.filter(started_at=at, outcome="unavailable", delivery__state="pending")
    wrong = []
    for attempts, not_before, status, unique_id in failed.values_list(
        "delivery__attempts", "delivery__not_before", "status", "delivery__event__unique_id"
    ):
        middle = backoff.RETRY_AFTER[attempts - 1]
        if status == 0:
            middle = max(middle, backoff.AFTER_SILENCE)
        if not middle * 0.8 <= not_before - at <= middle * 1.2:
            wrong.append(f"{unique_id} after attempt {attempts}: {not_before - at}")
    return wrong


def requests_before_their_time(journal: Sequence[dict[str, Any]]) -> list[str]:
    """Requests of an account that was told to wait, before that wait was over; what left with the throttled one apart."""
    early: list[str] = []
    wait_until: dict[str, datetime] = {}
    told_at: dict[str, datetime] = {}
    for entry in journal:
        at, account = datetime.fromisoformat(entry["at"]), entry["account"]
        if account in wait_until and told_at[account] < at < wait_until[account]:
            early.append(f"{account} at {at}")
        if entry["status"] == 429:
            told_at[account], wait_until[account] = at, at + timedelta(seconds=RETRY_AFTER)
    return early


@pytest.mark.slow
@pytest.mark.parametrize("merchants", [10, pytest.param(50, marks=pytest.mark.full)])
def test_every_event_ends_as_its_script_implies_and_no_retry_is_early(
    standing: World, clock: Clock, backlog: Backlog, merchants: int
) -> None:
    made = scripts(merchants * EVENTS)
    shops = [standing.shop(f"Shop{number}") for number in range(merchants)]
    deliveries = [each for shop in shops for each in backlog(shop, EVENTS, at=clock.at)]
    by_id = {delivery.told.unique_id: script for delivery, script in zip(deliveries, made, strict=True)}
    for unique_id, script in by_id.items():
        prescribe(standing.sandbox, unique_id, script)

    wrong = [each for at in work_off(clock, step=STEP) for each in delays_outside_their_band(at)]

    rows = Delivery.objects.values_list("event__unique_id", "state", "reason", "attempts")
    ended = {unique_id: (state, reason, attempts) for unique_id, state, reason, attempts in rows}
    assert ended == {unique_id: script.ending for unique_id, script in by_id.items()}
    assert wrong == []
    assert requests_before_their_time(standing.sandbox.requests()) == []
    recorded = Counter(event["unique_id"] for event in standing.sandbox.events())
    assert recorded == Counter(unique_id for unique_id, script in by_id.items() if script.is_recorded)
    assert reconcile(at=clock.at).differences == []


def orders_with_transitions(deliveries: list[Delivery]) -> None:
    """Make every eight deliveries those of one order and one shopper."""
    for number, delivery in enumerate(deliveries):
        first = deliveries[number - number % TRANSITIONS]
        delivery.subject, delivery.identifier = first.told.subject, first.identifier
        delivery.told.subject = first.told.subject
    Event.objects.bulk_update([each.told for each in deliveries], ["subject"], batch_size=200)
    Delivery.objects.bulk_update(deliveries, ["subject", "identifier"], batch_size=200)


def overtakers(world: World, unique_ids: Sequence[str]) -> list[str]:
    """Events that Klaviyo recorded while an earlier one of their order, tried less than fifteen minutes before, was not."""
    first_tried = dict(Delivery.objects.values_list("event__unique_id", "first_attempt_at"))
    found: list[str] = []
    recorded: set[str] = set()
    place = {unique_id: number for number, unique_id in enumerate(unique_ids)}
    for event in world.sandbox.events():
        number = place[event["unique_id"]]
        barrier = datetime.fromisoformat(event["received_at"]) - claim.BARRIER
        for earlier in unique_ids[number - number % TRANSITIONS : number]:
            tried_at = first_tried[earlier]
            if earlier not in recorded and tried_at is not None and tried_at > barrier:
                found.append(f"{event['unique_id']} before {earlier}")
        recorded.add(event["unique_id"])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("orders", [30, pytest.param(200, marks=pytest.mark.full)])
def test_no_event_overtakes_an_earlier_one_of_its_order_that_failed_lately(
    standing: World, clock: Clock, backlog: Backlog, orders: int
) -> None:
    shop = standing.shop()
    deliveries = backlog(shop, orders * TRANSITIONS, at=clock.at)
    orders_with_transitions(deliveries)
    Delivery.objects.update(is_ambiguous=True)  # so that they travel singly
    standing.sandbox.fault("server_error", probability=0.2, seed=5)

    for _ in work_off(clock, step=timedelta(seconds=20)):
        pass

    assert shop.states == {"sent": orders * TRANSITIONS}
    assert overtakers(standing, [each.told.unique_id for each in deliveries]) == []
    assert reconcile(at=clock.at).differences == []
