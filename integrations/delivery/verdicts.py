"""What becomes of a delivery after a request, or instead of one. Pure values and one pure function; `settle` writes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from integrations.delivery import backoff
from integrations.destinations.base import Unavailable
from integrations.models import Delivery

ERROR_LENGTH = 500


class Verdict(NamedTuple):
    """A delivery's next state. Deliveries with equal verdicts are settled by one statement.

    `gives_back` returns the attempt that the claim took: the request did not count or was not made. `is_backfill` and
    `is_ambiguous` are set where True and otherwise left as they are.
    """

    state: Delivery.State
    reason: Delivery.Reason = Delivery.Reason.NONE
    error: str = ""
    not_before: datetime | None = None
    gives_back: bool = False
    is_ambiguous: bool = False
    is_backfill: bool = False


UNSENT = Verdict(Delivery.State.PENDING, gives_back=True)
"""Claimed, but the worker stopped before its turn: back as it was."""


def unsent(*, not_before: datetime) -> Verdict:
    """Claimed, but its turn comes later."""
    return Verdict(Delivery.State.PENDING, not_before=not_before, gives_back=True)


_SENT, _SENT_AS_BACKFILL = Verdict(Delivery.State.SENT), Verdict(Delivery.State.SENT, is_backfill=True)


def sent(*, is_backfill: bool) -> Verdict:
    """Accepted by the destination; `is_backfill` records how it was sent."""
    return _SENT_AS_BACKFILL if is_backfill else _SENT


def rejected(detail: str) -> Verdict:
    """Refused for what it is: a person must look."""
    return Verdict(Delivery.State.DEAD, Delivery.Reason.REJECTED, error=detail[:ERROR_LENGTH])


def skipped(reason: Delivery.Reason) -> Verdict:
    """Not to be sent; the reason says why. No request was made."""
    return Verdict(Delivery.State.SKIPPED, reason, gives_back=True)


def held(reason: Delivery.Reason) -> Verdict:
    """Not yet to be sent; the reason says what it waits for."""
    return Verdict(Delivery.State.HELD, reason, gives_back=True)


def scope_missing(detail: str) -> Verdict:
    """The key may not do this; it waits for another key, or until the key is checked again."""
    return Verdict(Delivery.State.HELD, Delivery.Reason.SCOPE_MISSING, error=detail[:ERROR_LENGTH], gives_back=True)


def expired() -> Verdict:
    """May have arrived, and a repeat might count twice by now: a person decides. No request was made."""
    return Verdict(Delivery.State.EXPIRED, Delivery.Reason.UNCERTAIN, gives_back=True)


def uncertain(detail: str) -> Verdict:
    """This very request may have arrived, and a repeat would count twice: a person decides."""
    return Verdict(Delivery.State.EXPIRED, Delivery.Reason.UNCERTAIN, error=detail[:ERROR_LENGTH], is_ambiguous=True)


def later(error: Unavailable, attempts: int, *, at: datetime, chance: float) -> Verdict:
    """The next try after a request that did not succeed for a passing reason."""
    detail = error.detail[:ERROR_LENGTH]
    if error.throttled:
        return Verdict(Delivery.State.PENDING, error=detail, gives_back=True)
    delay = backoff.retry_delay(attempts, silent=error.receipt.status == 0 and error.ambiguous, chance=chance)
    if delay is None:
        return Verdict(Delivery.State.DEAD, Delivery.Reason.EXHAUSTED, error=detail, is_ambiguous=error.ambiguous)
    asked = timedelta(seconds=error.retry_after or 0)
    return Verdict(
        Delivery.State.PENDING,
        error=detail,
        not_before=at + max(delay, min(asked, backoff.RETRY_AFTER_LONGEST)),
        is_ambiguous=error.ambiguous,
    )
