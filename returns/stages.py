"""Where a return may stand, and the words for what is sent back, how, and for what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REQUESTED = "requested"
APPROVED = "approved"
IN_TRANSIT = "in_transit"
RECEIVED = "received"
REFUNDED = "refunded"
CLOSED = "closed"
EXPIRED = "expired"
DECLINED = "declined"
CANCELLED = "cancelled"

STATUSES = (CANCELLED, DECLINED, EXPIRED, CLOSED, REFUNDED, RECEIVED, IN_TRANSIT, APPROVED, REQUESTED)
"""A return stands where the first of these is that it has reached; everyone was requested."""

REACHABLE = STATUSES[:-1]
"""Those that have an instant of their own: `<status>_at`."""

ENDS = (CANCELLED, DECLINED, EXPIRED, CLOSED)
"""Those that are taken back when the return is opened again."""

AWAITED = (REQUESTED, APPROVED)
"""Those in which the shopper has yet to send it."""

REFUND, STORE_CREDIT, EXCHANGE = "refund", "store_credit", "exchange"
TYPES = (REFUND, STORE_CREDIT, EXCHANGE)
"""What the shopper gets for an item."""

COVERED, NOT_COVERED = "covered", "not covered"
COVERAGES = (COVERED, NOT_COVERED)
"""Whether somebody else pays for the return: Redo's words."""

LABEL, PICKUP, NO_DELIVERY = "label", "pickup", "none"
DELIVERIES = (LABEL, PICKUP, NO_DELIVERY)
"""How it comes back. "none" is a green return: the shopper keeps it."""


def stage_of(values: Mapping[str, Any]) -> str:
    """Where a return stands, by the instants among its values."""
    return next((each for each in REACHABLE if values[f"{each}_at"] is not None), REQUESTED)


def choices(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """The words with labels for people."""
    return [(word, word.replace("_", " ").capitalize()) for word in words]


def status_choices() -> list[tuple[str, str]]:
    """The statuses, first things first."""
    return choices(STATUSES[::-1])


def type_choices() -> list[tuple[str, str]]:
    """What the shopper may get."""
    return choices(TYPES)


def coverage_choices() -> list[tuple[str, str]]:
    """Covered or not."""
    return choices(COVERAGES)


def delivery_choices() -> list[tuple[str, str]]:
    """How it may come back."""
    return choices(DELIVERIES)
