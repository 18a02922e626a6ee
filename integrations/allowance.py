"""How many requests a client may make in a minute, counted exactly over all web processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection

from integrations.models import ApiToken, StaffToken
from integrations.statements import prepared

WINDOW = 60
"""Seconds. A window begins with the minute of the clock."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a minute: `used` counts the request that asks. `reset` is in seconds."""

    limit: int
    used: int
    reset: int

    @property
    def is_exceeded(self) -> bool:
        """Whether the request that asks is one too many."""
        return self.used > self.limit

    @property
    def remaining(self) -> int:
        """Requests that may follow in this minute."""
        return max(0, self.limit - self.used)


def spend(token: ApiToken | StaffToken, *, at: datetime) -> Allowance | None:
    """Count one request of the token, by one statement; None if it was revoked meanwhile.

    The first request of a minute also notes when the token was last used.
    """
    seconds = int(at.timestamp())
    minute = seconds // WINDOW
    rows = prepared(_statement(token), [minute, minute, minute, minute, at, token.pk])
    return Allowance(settings.API_REQUESTS_PER_MINUTE, rows[0][0], WINDOW - seconds % WINDOW) if rows else None


def _statement(token: ApiToken | StaffToken) -> str:
    """A count that a crash loses harms nobody, so that PostgreSQL need not wait for its disk."""
    table = connection.ops.quote_name(token._meta.db_table)
    quick = ""
    if connection.vendor == "postgresql":
        quick = "FROM (SELECT set_config('synchronous_commit', 'off', true)) AS quick "
    return (
        f"UPDATE {table} SET used = CASE WHEN minute < %s THEN 1 ELSE used + 1 END, "  # noqa: S608
        "minute = CASE WHEN minute < %s THEN %s ELSE minute END, "
        f"last_used_at = CASE WHEN minute < %s THEN %s ELSE last_used_at END {quick}"
        "WHERE id = %s AND revoked_at IS NULL RETURNING used"
    )
