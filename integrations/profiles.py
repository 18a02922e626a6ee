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
    identifier = identifier_of(customer) or email or phone
    if not identifier:
        raise ValueError("the customer has no e-mail address and no phone number")
    change = ProfileChange.objects.create(
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
    Delivery.objects.bulk_create(
        Delivery(
            merchant=merchant,
            change=change,
            connection=connection,
            identifier=identifier,
            not_before=at,
            window_at=at,
            created_at=at,
        )
        for connection in (merchant.connections.all() if connections is None else connections)
        if kind in registry.get(connection.kind).changes
    )
    wake.after_commit(wake.DELIVER)
    return change
