"""Points of a member by hand, and what they are spent on."""

from __future__ import annotations

from django.http import HttpResponseBase

from integrations.api import rendering
from integrations.api.endpoint import Call, Endpoint, operation
from loyalty.api import bodies, examples, schemas, writing


class Adjustments(Endpoint):
    """`/members/{customer_id}/adjustments`"""

    @operation(
        id="adjust_points",
        tag="Loyalty",
        scope="loyalty:write",
        summary="Adjust points",
        body=bodies.Adjustment,
        body_example=examples.NEW_ADJUSTMENT,
        answer=schemas.LedgerEntry,
        example=examples.ENTRY,
        status=201,
        also=(200,),
        problems=("conflict", "not_enough"),
    )
    def post(self, call: Call, key: int) -> HttpResponseBase:
        """Add points by hand, or take them, for a reason. Nobody is made to owe points by hand (`not_enough`)."""
        status, told = writing.adjustment(call, key)
        return rendering.answer(told, status)


class Redemptions(Endpoint):
    """`/members/{customer_id}/redemptions`"""

    @operation(
        id="redeem_points",
        tag="Loyalty",
        scope="loyalty:write",
        summary="Redeem points",
        body=bodies.Redemption,
        body_example=examples.NEW_REDEMPTION,
        answer=schemas.LedgerEntry,
        example=examples.REDEMPTION,
        status=201,
        also=(200,),
        problems=("conflict", "not_enough"),
    )
    def post(self, call: Call, key: int) -> HttpResponseBase:
        """Spend points, those that run out soonest first; all of them or none (`not_enough`). Of many at once as many succeed as
        there are points for.
        """
        status, told = writing.redemption(call, key)
        return rendering.answer(told, status)


class RevertRedemption(Endpoint):
    """`/members/{customer_id}/redemptions/{external_id}/revert`"""

    @operation(
        id="revert_redemption",
        tag="Loyalty",
        scope="loyalty:write",
        summary="Revert a redemption",
        body=bodies.Note,
        body_example=examples.REVERTING,
        answer=schemas.LedgerEntry,
        example=examples.REVERTED,
        status=201,
        also=(200,),
    )
    def post(self, call: Call, key: int, external_id: str) -> HttpResponseBase:
        """Give back, once, what it took: points return to where they came from, with their dates."""
        status, told = writing.reverting(call, key, external_id)
        return rendering.answer(told, status)
