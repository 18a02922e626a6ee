"""Waiting for a condition, never for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db import connection

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


def wait_until_a_lock_is_waited_for(what: str, *, by: int = 1) -> None:
    """Go on when so many other connections to this PostgreSQL database wait for a lock, also while a transaction is open here."""

    def is_waited_for() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_stat_clear_snapshot(), count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE NOT granted AND datname = current_database()"
            )
            return bool(cursor.fetchone()[1] >= by)

    wait_for(is_waited_for, what)
