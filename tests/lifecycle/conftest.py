"""A merchant with the pack of subscribers, and a Klaviyo that goes by a clock that stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.delivery import engine
from integrations.destinations.klaviyo.sandbox import Sandbox
from tests.support.clock import Clock
from tests.support.world import World


@pytest.fixture
def clock() -> Clock:
    """A clock that stands until the test moves it."""
    return Clock()


@pytest.fixture
def world(settings: Any, clock: Clock, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """No site: what happens is told to the services. Its engine must be given the clock."""
    monkeypatch.setattr(engine, "LOOK_EVERY", 0.005)
    with Sandbox(strict_bulk=True, clock=clock.timestamp) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        yield World(sandbox, "http://site.invalid")
