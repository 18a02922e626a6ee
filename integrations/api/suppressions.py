"""Addresses that are not to be mailed."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase

from integrations import suppressions
from integrations.api import cursors, examples, parameters, rendering, schemas
from integrations.api.cursors import ASCENDING, DESCENDING
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.models import Suppression

NAME = "suppressions"
TOLD = ("email", "reason", "suppressed_at", "lifted_at", "seen_at", "missing_since")
FILTERS = (
    parameters.text("email", "Of this e-mail address.", example="ada@example.com"),
    parameters.choice("standing", "That stand like this.", suppressions.STANDINGS),
)
ORDER = parameters.choice(
    "order",
    "By the time of the suppression: newest first, or oldest first.",
    (DESCENDING, ASCENDING),
    default=DESCENDING,
)


class Suppressions(Endpoint):
    """`/suppressions`"""

    @operation(
        id="list_suppressions",
        tag="Customers",
        scope="customers:read",
        summary="List suppressions",
        parameters=(*FILTERS, ORDER, parameters.CURSOR, parameters.LIMIT),
        answer=schemas.SuppressionPage,
        example={"items": [examples.SUPPRESSION], "next": None, "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call) -> HttpResponseBase:
        """Addresses that are not to be mailed, the newest first, with what the last comparison with Klaviyo found."""
        values = call.parameters
        found = suppressions.find(call.merchant, email=values["email"] or "", standing=values["standing"] or "")
        page = cursors.page_of_queryset(found.order_by(), values, name=NAME, time="suppressed_at")
        return rendering.answer(page.as_data(_told))


def _told(row: Suppression) -> dict[str, Any]:
    customer = None if row.customer_id is None else str(row.customer_id)
    return {**{name: getattr(row, name) for name in TOLD}, "customer_id": customer}
