"""The world of the stories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.destinations.klaviyo.sandbox import Sandbox
from tests.support.world import World


@pytest.fixture
def world(live_server: Any, settings: Any) -> Iterator[World]:
    """A site and a Klaviyo, both over real sockets."""
    with Sandbox() as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        yield World(sandbox, live_server.url)
