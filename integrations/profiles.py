"""Changes of shoppers' profiles: the only writer of ProfileChange rows, and of the deliveries that carry them.

`request` runs inside the transaction of what leads to the change, as `history.announce` does for events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection as database

from integrations import wake
from integrations.destinations import registry
from integrations.history import OutsideTransaction, identifier_of
from integrations.models import Connection, ConsentRecord, Customer, Delivery, Merchant, ProfileChange


def request(
    merchant: Merchant,
    customer: Customer,
    kind: ProfileChange.Kind,
    *,
    asked_at: datetime,
    at: datetime,
    email: str = "",
    phone: str = "",
    channels: Sequence[str] = (),
    source: str = "",
    details: Mapping[str, Any] | None = None,
    consent: ConsentRecord | None = None,
    connections: Iterable[Connection] | None = None,
) -> ProfileChange:
    """Line up a change of a shopper's profile for each of the merchant's connections, or of `connections` alone, whose
    destination knows such changes.

    `email` and `phone` name the profile; both "" stand for the customer's own. See `ProfileChange` for what each kind needs.
    Raises `OutsideTransaction`, and `ValueError` where nothing names a profile.
    """
    if not database.in_atomic_block:
        raise OutsideTransaction("request() belongs in the transaction of what leads to the change")
    if not (email or phone):
        email, phone = customer.email, customer.phone
    if not (identifier_of(customer) or email or phone):
        raise ValueError("the customer has no e-mail address and no phone number")
    change = ProfileChange(
        merchant=merchant,
        customer=customer,
        consent=consent,
        kind=kind,
        email=email,
        phone=phone,
        channels=list(channels),
        source=source,
        details=dict(details or {}),
        asked_at=asked_at,
        created_at=at,
    )
    request_all(merchant, [change], connections=connections, at=at)
    return change


def reaches(merchant: Merchant, kind: ProfileChange.Kind) -> bool:
    """Whether a destination of the merchant's knows such changes."""
    return any(kind in registry.get(each.kind).changes for each in merchant.connections.all())


def of(customer: Customer, kind: ProfileChange.Kind, *, at: datetime, **details: Any) -> ProfileChange:
    """A change of the customer's own profile, not saved yet: for `request_all`."""
    return ProfileChange(
        merchant_id=customer.merchant_id,
        customer=customer,
        kind=kind,
        email=customer.email,
        phone=customer.phone,
        details=details,
        asked_at=at,
        created_at=at,
    )


def request_all(
    merchant: Merchant,
    changes: Sequence[ProfileChange],
    *,
    connections: Iterable[Connection] | None = None,
    at: datetime,
) -> None:
    """The same for many changes that are not saved yet, each with its customer and the addresses of the profile that is meant:
    three statements. Raises `OutsideTransaction`.
    """
    if not database.in_atomic_block:
        raise OutsideTransaction("request_all() belongs in the transaction of what leads to the changes")
    ProfileChange.objects.bulk_create(changes)
    chosen = merchant.connections.all() if connections is None else connections
    known = [(connection, registry.get(connection.kind).changes) for connection in chosen]
    Delivery.objects.bulk_create(
        Delivery(
            merchant=merchant,
            change=change,
            connection=connection,
            identifier=identifier_of(change.customer) or change.email or change.phone,
            not_before=at,
            window_at=at,
            created_at=at,
        )
        for change in changes
        for connection, kinds in known
        if change.kind in kinds
    )
    wake.after_commit(wake.DELIVER)
