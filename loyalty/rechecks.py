"""The last look before an event is sent: whether what it tells of points is still true. Two statements for any number."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import F

from integrations.models import Connection, Customer
from integrations.statements import Among
from loyalty.models import Lot


def spent_meanwhile(connection: Connection, events: Mapping[str, Mapping[str, Any]], at: datetime) -> Collection[str]:
    """Of points about to run out: those of which nothing is left by now, or that have run out, or do so later than was told."""
    told = {
        unique_id: (int(unique_id.split(":")[1]), datetime.fromisoformat(properties["ExpiresAt"]))
        for unique_id, properties in events.items()
    }
    merged = Customer.objects.for_merchant(connection.merchant_id).filter(
        Among(F("pk"), {customer for customer, _ in told.values()}), merged_into__isnull=False
    )
    by_now = {pk: kept for pk, kept in merged.values_list("pk", "merged_into") if kept is not None}
    told = {key: (by_now.get(customer, customer), expires_at) for key, (customer, expires_at) in told.items()}
    lots = Lot.objects.for_merchant(connection.merchant_id).filter(
        Among(F("member__customer_id"), {customer for customer, _ in told.values()}),
        member__merchant=connection.merchant_id,
        remaining__gt=0,
        expires_at__gt=at,
    )
    left = set(lots.values_list("member__customer", "expires_at"))
    return [unique_id for unique_id, about in told.items() if about not in left]
