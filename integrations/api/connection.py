"""Whether the merchant's account works, and what to do where it does not."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpResponseBase

from integrations import checklist, vitals
from integrations.api import examples, problems, rendering, schemas
from integrations.api.endpoint import Call, Endpoint, operation

NAMES = (
    "kind",
    "state",
    "state_detail",
    "state_since",
    "account_id",
    "account_name",
    "missing_scopes",
    "checked_at",
    "launch_at",
    "launched_at",
    "backfill_days",
    "freshness_hours",
)


class ConnectionHealth(Endpoint):
    """`/connection`"""

    @operation(
        id="get_connection",
        tag="Sending",
        scope="settings:read",
        summary="Get the connection's health",
        answer=schemas.ConnectionShape,
        example=examples.CONNECTION,
    )
    def get(self, call: Call) -> HttpResponseBase:
        """How the merchant's account at Klaviyo fares: whether events are sent, what waits, what is wrong, and what to do."""
        seen = vitals.of(call.merchant, at=call.at)
        row = next(iter(seen.connections.all()), None)
        if row is None:
            raise problems.not_found("connection: none is made yet")
        to_do = [each for each in checklist.of(call.merchant, at=call.at).points if not each.is_done]
        told = {
            "id": str(row.pk),
            **{name: getattr(row, name) for name in NAMES},
            "last_received_at": seen.last_in_at,
            "last_accepted_at": seen.last_sent_at,
            "waiting": _bounded(seen.backlog),
            "held": _bounded(vitals.held(row)),
            "failed": _bounded(seen.failed_lately),
            "concerns": [asdict(each) for each in vitals.concerns(seen, at=call.at)],
            "to_do": [{"text": each.text, "detail": each.detail} for each in to_do],
        }
        return rendering.answer(told)


def _bounded(count: int) -> int:
    return min(count, vitals.COUNTED_UP_TO)
