"""What becomes of an event that was accepted."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.destinations.klaviyo.sandbox import Sandbox

from .caller import Caller
from .conftest import Clock


def test_event_is_recorded_with_all_it_carried(sandbox: Sandbox, caller: Caller) -> None:
    caller.event(value=12.5, value_currency="USD", time="2026-11-20T09:05:09.987-05:00")
    (event,) = sandbox.events()

    assert event["time"] == "2026-11-20T14:05:09+00:00"
    assert event["email"] == "ann@example.com"
    assert {name: event[name] for name in ("metric", "value", "value_currency", "unique_id", "properties")} == {
        "metric": "Shipment Delivered",
        "value": 12.5,
        "value_currency": "USD",
        "unique_id": "u1",
        "properties": {"OrderNumber": "#1001"},
    }


def test_repeated_unique_id_is_dropped_in_silence_and_counted(sandbox: Sandbox, caller: Caller) -> None:
    statuses = [caller.event(properties={"try": number}).status_code for number in (1, 2)]

    assert statuses == [202, 202]
    assert [event["properties"] for event in sandbox.events()] == [{"try": 1}]
    assert sandbox.receipts() == {"u1": 2}
    assert sandbox.counters() == {
        "requests": 2,
        "received": 2,
        "recorded": 1,
        "duplicates": 1,
        "pending": 0,
        "refused": 0,
        "throttled": 0,
        "faults": 0,
    }


@pytest.mark.parametrize(
    "changes", [{"metric": "Other"}, {"person": {"email": "bob@example.com"}}, {"unique_id": "u2"}]
)
def test_other_profile_metric_or_id_is_another_event(sandbox: Sandbox, caller: Caller, changes: dict[str, Any]) -> None:
    caller.event()
    caller.event(**changes)

    assert len(sandbox.events()) == 2


@pytest.mark.parametrize(("second", "recorded"), [("2026-11-20T14:05:09.9Z", 1), ("2026-11-20T14:05:10Z", 2)])
def test_without_unique_id_the_second_decides(sandbox: Sandbox, caller: Caller, second: str, recorded: int) -> None:
    caller.event(unique_id=None, time="2026-11-20T14:05:09.1Z")
    caller.event(unique_id=None, time=second)

    assert len(sandbox.events()) == recorded


@pytest.mark.parametrize(
    ("time", "backfill", "triggers"),
    [
        ("2026-11-20T14:59:00Z", False, True),
        ("2026-11-20T11:00:00Z", False, True),
        ("2026-11-20T10:59:59Z", False, False),
        ("2026-11-20T14:59:00Z", True, False),
    ],
)
def test_flows_take_fresh_events_only(
    sandbox: Sandbox, caller: Caller, time: str, backfill: bool, triggers: bool
) -> None:
    caller.event(time=time, backfill=backfill)

    assert sandbox.events()[0]["would_trigger_flows"] is triggers


def test_long_first_delay_lets_older_events_into_flows(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.configure(first_flow_delay=3 * 86_400)
    caller.event(time="2026-11-18T00:00:00Z")

    assert sandbox.events()[0]["would_trigger_flows"] is True


def test_processing_delay_hides_the_event_at_first(sandbox: Sandbox, caller: Caller, clock: Clock) -> None:
    sandbox.configure(processing_delay=30)
    caller.event()
    before = (sandbox.events(), sandbox.counters()["pending"])
    clock.forward(30)

    assert before == ([], 1)
    assert [event["received_at"] for event in sandbox.events()] == ["2026-11-20T15:00:00+00:00"]


def test_service_makes_another_metric_of_the_same_name(sandbox: Sandbox, caller: Caller) -> None:
    caller.event()
    named = {"data": {"type": "metric", "attributes": {"name": "Shipment Delivered", "service": "tidings"}}}
    body = {
        "properties": {},
        "metric": named,
        "profile": {"data": {"type": "profile", "attributes": {"email": "a@b.co"}}},
    }
    caller.post("/api/events", {"data": {"type": "event", "attributes": body}})

    assert [metric["integration"] for metric in sandbox.metrics()] == ["API", "tidings"]
