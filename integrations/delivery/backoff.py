"""When to try again: pure arithmetic, no clock and no chance of its own. `chance` is a number in [0, 1) for the jitter."""

from __future__ import annotations

from datetime import timedelta

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

RETRY_AFTER = (
    10 * SECOND,
    1 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    1 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    24 * HOUR,
)
"""Wait after the first, second, … failed attempt; after the tenth there is no other: about 46 hours in all."""

MAX_ATTEMPTS = len(RETRY_AFTER) + 1
AFTER_SILENCE = MINUTE
"""At least this long after a request that got no answer, so that a slow destination is not pushed further."""

CIRCUIT_FAILURES = 5
"""Transient failures in a row that open a lane's circuit."""

CIRCUIT_FIRST, CIRCUIT_LONGEST = 30 * SECOND, 15 * MINUTE
THROTTLE_FIRST, THROTTLE_LONGEST = 1 * SECOND, 60 * SECOND
RETRY_AFTER_LONGEST = HOUR
"""A `Retry-After` beyond this is not believed."""


def retry_delay(attempts: int, *, silent: bool, chance: float) -> timedelta | None:
    """Wait after the `attempts`-th failed attempt, jittered by ±20 %; None when no attempt is left."""
    if attempts >= MAX_ATTEMPTS:
        return None
    delay = RETRY_AFTER[max(attempts, 1) - 1]
    if silent:
        delay = max(delay, AFTER_SILENCE)
    return delay * (0.8 + 0.4 * chance)


def throttle_delay(retry_after: float | None, failures: int, *, chance: float) -> timedelta:
    """Wait of a lane after a 429: what the answer asked for, else 1 s doubling to 60 s; up to 20 % more, never less."""
    if retry_after is not None and retry_after >= 0:
        asked = min(timedelta(seconds=retry_after), RETRY_AFTER_LONGEST)
    else:
        asked = _doubled(THROTTLE_FIRST, failures, THROTTLE_LONGEST)
    return asked * (1 + 0.2 * chance)


def circuit_delay(opened: int) -> timedelta:
    """How long a circuit stays open that was opened `opened` times before without a success: 30 s doubling to 15 min."""
    return _doubled(CIRCUIT_FIRST, opened, CIRCUIT_LONGEST)


def _doubled(first: timedelta, times: int, longest: timedelta) -> timedelta:
    return min(first * float(2 ** min(times, 10)), longest)
