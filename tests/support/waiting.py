"""Waiting for a condition, never for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 60
"""Seconds after which a test has waited in vain: generous, because machines are busy."""


def wait_for(condition: Callable[[], Any], what: str, *, seconds: float = PATIENCE) -> Any:
    """What `condition` gives, once that is something; a test that waits in vain for so many seconds fails."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)  # polling, not guessing: the loop ends when the condition holds
