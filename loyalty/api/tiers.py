"""The tiers of the programme, as they are."""

from __future__ import annotations

from django.http import HttpResponseBase

from integrations.api import rendering
from integrations.api.endpoint import Call, Endpoint, operation
from loyalty.api import examples, rows, schemas
from loyalty.models import Tier


class Tiers(Endpoint):
    """`/tiers`"""

    @operation(
        id="list_tiers",
        tag="Loyalty",
        scope="loyalty:read",
        summary="List tiers",
        answer=schemas.TierPage,
        example={"items": [examples.TIER], "next": None, "previous": None},
    )
    def get(self, call: Call) -> HttpResponseBase:
        """What each tier asks for and gives, in their order, those that are retired too. All of them are one page."""
        found = Tier.objects.for_merchant(call.merchant).order_by("position", "entry_minor", "pk")
        return rendering.answer(
            {"items": [rows.tier(call.merchant, each) for each in found], "next": None, "previous": None}
        )
