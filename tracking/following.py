"""Orders that change, and accounts: other apps follow them, and are told here, because neither knows of those apps."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from integrations.models import Customer, Merchant
from tracking.inputs import AccountInput
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


class AccountFollower(Protocol):
    """Called in the transaction in which it was told that a shopper has an account; it may be told again and again.

    Returns the keys of the events that were recorded.
    """

    def __call__(
        self, merchant: Merchant, customer: Customer, account: AccountInput, *, at: datetime
    ) -> tuple[int, ...]:
        """Do what follows from the account."""


_account_followers: list[AccountFollower] = []


def register_for_accounts(follower: AccountFollower) -> AccountFollower:
    """Tell `follower` of every account from now on."""
    _account_followers.append(follower)
    return follower


def tell_of_account(merchant: Merchant, customer: Customer, account: AccountInput, *, at: datetime) -> tuple[int, ...]:
    """Tell everybody of an account; returns the keys of the events that they recorded."""
    return tuple(key for each in _account_followers for key in each(merchant, customer, account, at=at))
