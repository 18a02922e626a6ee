"""Merchants as a whole: pausing, and sources with their secrets. How one is removed is `integrations.removal`'s."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction

from integrations import audit, doors, removal, sources, wake
from integrations.audit import Actor
from integrations.fields import NOTHING, Sealed
from integrations.models import Merchant, SourceSecret
from integrations.sources import Handled

PREVIOUS_SECRET_FOR = timedelta(hours=24)
"""How long the old webhook secret stays good after a change. Shopify: up to an hour until the new one signs."""


def pause(merchant: Merchant) -> None:
    """Stop delivering. Messages are still taken in and the history goes on."""
    Merchant.objects.filter(pk=merchant.pk, state=Merchant.State.ACTIVE).update(state=Merchant.State.PAUSED)


def resume(merchant: Merchant) -> None:
    """Deliver again, beginning with what waited."""
    Merchant.objects.filter(pk=merchant.pk, state=Merchant.State.PAUSED).update(state=Merchant.State.ACTIVE)
    wake.after_commit(wake.DELIVER)


@contextmanager
def locked(merchant: Merchant) -> Iterator[None]:
    """A transaction in which nobody else is who asks for the same: what is counted for a merchant in it stays true."""
    with transaction.atomic():
        Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
        yield


def new_secret() -> str:
    """A webhook secret with 256 bits of chance."""
    return secrets.token_urlsafe(32)


def set_source_secret(
    merchant: Merchant, source: str, secret: str, *, at: datetime, by: Actor | None = None
) -> SourceSecret:
    """Give a source its webhook secret; the one before stays good for a day. Raises `KeyError` for an unknown source.

    A merchant who was to be removed, and connects a source again, stays.
    """
    label = sources.get(source).label
    with transaction.atomic():
        removal.stop(merchant, by=by or Actor(label=f"a new webhook secret for {label}"), at=at)
        if by is not None:
            audit.note(merchant, by, "changed a webhook secret", [f"{label}: it ends in …{secret[-4:]}"], at=at)
        row, is_new = SourceSecret.objects.select_for_update().get_or_create(
            merchant=merchant,
            source=source,
            defaults={"current": Sealed.of(secret), "last4": secret[-4:], "connected_at": at},
        )
        if not is_new:
            is_good = row.disconnected_at is None
            row.previous = row.current if is_good else NOTHING
            row.previous_until = at + PREVIOUS_SECRET_FOR if is_good else None
            row.current, row.last4, row.disconnected_at = Sealed.of(secret), secret[-4:], None
            row.save()
    doors.forget(merchant)
    return row


def disconnect_source(*, merchant: Merchant, source: str, at: datetime) -> Handled:
    """The source let go of us (the app was uninstalled): its messages are refused from now on."""
    SourceSecret.objects.for_merchant(merchant).filter(source=source, disconnected_at=None).update(
        disconnected_at=at, previous=NOTHING, previous_until=None
    )
    doors.forget(merchant)
    return Handled(f"{source} is disconnected: its messages are refused until a new secret is set")
