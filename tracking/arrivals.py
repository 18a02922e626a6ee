"""Orders that become known: what other apps keep for them meanwhile is told here, because orders know nothing of those apps."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from integrations.models import Merchant
from tracking.models import Order


class Follower(Protocol):
    """Called in the transaction in which an order `is_new`, or gets the shopper that it did not have; the order is locked.

    Returns the keys of the events that were recorded.
    """

    def __call__(self, merchant: Merchant, order: Order, *, is_new: bool, at: datetime) -> tuple[int, ...]:
        """Do what waited for it."""


_followers: list[Follower] = []


def register(follower: Follower) -> Follower:
    """Tell `follower` of every order from now on."""
    _followers.append(follower)
    return follower


def tell(order: Order, *, is_new: bool, at: datetime) -> tuple[int, ...]:
    """Tell everybody of an order; returns the keys of the events that they recorded."""
    return tuple(key for each in _followers for key in each(order.merchant, order, is_new=is_new, at=at))
