from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from integrations.destinations.base import ConnectionPaused, Destination, Session
from integrations.destinations.klaviyo.destination import Klaviyo
from integrations.destinations.klaviyo.payloads import bulk_events

from .examples import KEY, NOW, parcel
from .wire import answers, header_of, served


def test_it_is_what_the_engine_asks_for() -> None:
    destination: Destination = Klaviyo()
    assert (destination.kind, destination.label) == ("klaviyo", "Klaviyo")
    assert (destination.bulk_items, destination.bulk_bytes) == (1000, 4_500_000)


def test_the_address_and_the_revision_are_settings(settings: Any) -> None:
    settings.KLAVIYO_REVISION = "2026-10-15"
    with served(answers("202 Accepted")) as wire:
        settings.KLAVIYO_BASE_URL = wire.url
        session: Session = Klaviyo().open(KEY)
        session.send_one(parcel())
        session.close()
    assert header_of(wire.requests[0], "revision") == "2026-10-15"


def test_a_wrong_key_is_told_by_both_checks(settings: Any) -> None:
    with served(answers("401 Unauthorized")) as wire:
        settings.KLAVIYO_BASE_URL = wire.url
        with pytest.raises(ConnectionPaused):
            Klaviyo().inspect(KEY, "", [])
        with pytest.raises(ConnectionPaused):
            Klaviyo().ensure_defaults(KEY, "", name="Tidings", email="hello@example.com")


def test_opening_with_a_bad_key_raises_nothing_yet(settings: Any) -> None:
    settings.KLAVIYO_BASE_URL = "http://127.0.0.1:1"
    session = Klaviyo().open("not a key")
    with pytest.raises(ConnectionPaused):
        session.send_one(parcel())
    session.close()


def test_an_event_is_judged_by_the_time_of_asking() -> None:
    assert Klaviyo().problems(parcel(occurred_at=NOW + timedelta(days=365)), at=NOW) == []
    assert Klaviyo().problems(parcel(occurred_at=NOW + timedelta(days=366)), at=NOW) == ["time: more than 1 year ahead"]


def test_a_batch_has_at_most_a_thousand_events() -> None:
    items = [parcel(unique_id=str(n)) for n in range(1001)]
    assert [len(batch) for batch in Klaviyo().batches(items)] == [1000, 1]


def test_a_batch_has_at_most_four_and_a_half_megabytes() -> None:
    text = json.dumps({f"Text{n}": "x" * 90_000 for n in range(10)})
    items = [parcel(unique_id=str(n), properties=text) for n in range(12)]
    batches = Klaviyo().batches(items)
    assert [len(batch) for batch in batches] == [4, 4, 4]
    assert max(len(bulk_events(batch).content) for batch in batches) <= 4_500_000
