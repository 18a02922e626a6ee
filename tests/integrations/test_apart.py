"""One merchant's trouble is not the others': every tick that goes through merchants gives each its part, and still says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError

from integrations import inbound, replays, sources, tasks, ticks
from integrations.apart import Apart
from integrations.models import InboundMessage, Merchant, Replay
from lifecycle import log
from lifecycle import tasks as lifecycle_tasks
from lifecycle.models import Activity, StatusList
from lifecycle.services import lists
from loyalty import nights, recomputation
from loyalty import services as loyalty
from loyalty import tasks as loyalty_tasks
from loyalty.models import Campaign, LoyaltyClock
from returns import services
from returns import tasks as returns_tasks
from returns.models import Return

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_the_others_go_on_and_the_first_error_is_raised_in_the_end() -> None:
    seen: list[str] = []

    def part(name: str) -> int:
        seen.append(name)
        if name == "bad":
            raise ValueError(name)
        return 1

    with pytest.raises(ValueError, match="bad"), Apart() as apart:
        done = [apart.do(name, partial(part, name), 0) for name in ("good", "bad", "better", "bad")]

    assert seen == ["good", "bad", "better"]
    assert done == [1, 0, 1, 0]


def test_without_the_database_nobody_goes_on() -> None:
    begun: list[str] = []

    def work() -> None:
        with Apart() as apart:
            for name in ("one", "other"):
                apart.do(name, partial(fail, name), None)

    def fail(name: str) -> None:
        begun.append(name)
        raise OperationalError

    with pytest.raises(OperationalError):
        work()
    assert begun == ["one"]


def clocks(merchant: Merchant, **more: Any) -> None:
    LoyaltyClock.objects.create(merchant=merchant, done_on=AT.date() - timedelta(days=1), **more)


CASES: dict[str, tuple[Callable[[], None], Any, str, Callable[[Merchant], object]]] = {
    "the log": (
        lifecycle_tasks.read_log,
        log,
        "_take_turn",
        lambda m: Activity.objects.create(merchant=m, entry_id="1", kind="cancelled", occurred_at=AT, recorded_at=AT),
    ),
    "lists": (
        lifecycle_tasks.fill_lists,
        lists,
        "_fill",
        lambda m: StatusList.objects.create(merchant=m, status="Active", list_id="Y6nRLr"),
    ),
    "nights": (loyalty_tasks.do_nights, nights, "_work_for", clocks),
    "placing": (loyalty_tasks.do_nights, recomputation, "_go_on", lambda m: clocks(m, placing_at=AT)),
    "campaigns": (
        loyalty_tasks.run_campaigns,
        loyalty,
        "give_campaign",
        lambda m: Campaign.objects.create(merchant=m, name="Mugs", state="running", points=1, created_at=AT),
    ),
    "replays": (
        tasks.deliver,
        replays,
        "_advance",
        lambda m: Replay.objects.create(merchant=m, top=1, total=1, created_at=AT),
    ),
    "returns": (
        returns_tasks.watch_returns,
        services,
        "complete_waiting",
        lambda m: Return.objects.create(
            merchant=m, external_id="1", created_at=AT, source_updated_at=AT, recorded_at=AT
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_merchant_for_whom_it_fails_stops_no_other(db: None, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tick, module, name, make = CASES[case]
    for shop in ("Alba", "Bora"):
        make(Merchant.objects.create(name=shop))
    begun: list[object] = []

    def fail(whose: Any, *args: Any, **more: Any) -> int:
        begun.append(getattr(whose, "merchant", whose))
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(module, name, fail)
    with pytest.raises(ticks.TickFailed):
        tick()

    assert len(set(begun)) == len(begun) == 2


def test_a_replay_that_fails_keeps_no_message_waiting(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    merchant = Merchant.objects.create(name="Alba")
    Replay.objects.create(merchant=merchant, top=1, total=1, created_at=AT)
    source = sources.get("activity_log")
    entry = b'{"entry_id": "1", "kind": "cancelled", "occurred_at": "2026-11-20T09:00:00Z", "customer": {}}'
    inbound.receive(merchant, source, entry, source.headers_for(""), at=AT)

    def fail(*args: Any, **more: Any) -> int:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(replays, "_advance", fail)
    with pytest.raises(RuntimeError):
        call_command("deliver")

    assert InboundMessage.objects.get().state == "handled"
