"""The last look before an event is sent: whether what it tells of a return is still true. One statement for any number."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from integrations.models import Connection
from returns import stages
from returns.models import Return


def sent_meanwhile(connection: Connection, events: Mapping[str, Mapping[str, Any]], at: datetime) -> Collection[str]:
    """Of returns whose time runs out: those that are not awaited any more, or not until then."""
    found = Return.objects.for_merchant(connection.merchant_id).filter(
        external_id__in={told["ReturnId"] for told in events.values()}, status__in=stages.AWAITED
    )
    awaited = {
        external_id: expires_at.isoformat()
        for external_id, expires_at in found.values_list("external_id", "expires_at")
        if expires_at
    }
    return [unique_id for unique_id, told in events.items() if awaited.get(told["ReturnId"]) != told["ExpiresAt"]]
