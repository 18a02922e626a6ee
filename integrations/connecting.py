"""Connecting a merchant to one more destination, beside the one that it was taken on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from integrations import audit, custom_metrics, launch, onboarding
from integrations.audit import Actor
from integrations.destinations import registry
from integrations.models import Connection, Merchant


class NotPossible(Exception):
    """The merchant cannot be connected so. The text says what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A connection that somebody wants. `address` is one of the merchant's shop domains where the destination is a shop's.

    `metrics` are told from now on: nothing that happened before is.
    """

    kind: str
    key: str
    metrics: Sequence[str]
    address: str = ""


def possible(merchant: Merchant) -> list[tuple[str, str]]:
    """(kind, label) of the destinations to which the merchant is not connected yet."""
    taken = set(merchant.connections.values_list("kind", flat=True))
    return [(kind, label) for kind, label in registry.choices() if kind not in taken]


def add(merchant: Merchant, wish: Wish, *, by: Actor, at: datetime) -> tuple[Connection, list[str]]:
    """Connect a merchant; returns the connection, and what the CSM should know.

    The key is checked live first. Raises `NotPossible`, and `onboarding`'s `KeyRefused`, `DestinationUnreachable` and
    `AccountTaken`: then nothing was written.
    """
    _refuse_unfit(merchant, wish)
    account = onboarding.check_key(wish.kind, wish.key, wish.metrics, merchant.metric_prefix, address=wish.address)
    onboarding.refuse_taken(wish.kind, account, owner=merchant)
    label = registry.get(wish.kind).label
    try:
        with transaction.atomic():
            connection = onboarding.connect(
                merchant,
                wish.kind,
                wish.key,
                account,
                metrics=wish.metrics,
                launch_at=at,
                address=wish.address,
                at=at,
            )
            audit.note(merchant, by, f"connected {label}", [account.name or account.id], at=at)
    except IntegrityError:
        raise NotPossible(f"{merchant.name} is connected to {label} already.") from None
    launch.launch(connection, at=at)
    return connection, onboarding.advise(wish.metrics, account)


def _refuse_unfit(merchant: Merchant, wish: Wish) -> None:
    destination = registry.get(wish.kind)
    if merchant.connections.filter(kind=wish.kind).exists():
        raise NotPossible(f"{merchant.name} is connected to {destination.label} already.")
    if destination.key.address and not merchant.shop_domains.filter(domain=wish.address).exists():
        raise NotPossible(f"{wish.address or 'Nothing'} is not one of the shops of {merchant.name}.")
    carried = {each.key for _, metrics in custom_metrics.carried_by(wish.kind, merchant) for each in metrics}
    others = sorted(set(wish.metrics) - carried)
    if others:
        raise NotPossible(f"{destination.label} cannot tell of {', '.join(others)}.")
