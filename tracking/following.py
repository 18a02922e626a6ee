"""Orders that change: other apps follow what becomes of them, and are told here, because orders know nothing of those apps."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from tracking.models import Order


class Follower(Protocol):
    """Called in the transaction in which an order came, was paid, shipped, cancelled or refunded, or got its shopper; the order
    is locked, and as it is now. It may be called when nothing has changed.

    Returns the keys of the events that were recorded.
    """

    def __call__(self, order: Order, *, at: datetime) -> tuple[int, ...]:
        """Do what follows from how the order stands."""


_followers: list[Follower] = []


def register(follower: Follower) -> Follower:
    """Tell `follower` of every change of an order from now on."""
    _followers.append(follower)
    return follower


def tell(order: Order, *, at: datetime) -> tuple[int, ...]:
    """Tell everybody how an order stands; returns the keys of the events that they recorded."""
    return tuple(key for each in _followers for key in each(order, at=at))
