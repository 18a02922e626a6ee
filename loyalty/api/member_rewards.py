"""Rewards that members got, and what becomes of them."""

from __future__ import annotations

from django.http import HttpResponseBase

from integrations.api import cursors, parameters, rendering
from integrations.api.endpoint import Call, Endpoint, operation
from loyalty.api import bodies, examples, rows, schemas, writing
from loyalty.api.members import BY_TIME
from loyalty.models import IssuedReward


class MemberRewards(Endpoint):
    """`/members/{customer_id}/rewards`"""

    @operation(
        id="list_issued_rewards",
        tag="Loyalty",
        scope="loyalty:read",
        summary="List the rewards of a member",
        parameters=(BY_TIME, parameters.CURSOR, parameters.LIMIT),
        answer=schemas.IssuedRewardPage,
        example={"items": [examples.ISSUED], "next": None, "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call, key: int) -> HttpResponseBase:
        """What the member got, the newest first."""
        row = writing.member_of(call.merchant, key)
        mine = IssuedReward.objects.for_merchant(call.merchant).filter(member=row).select_related("reward", "code")
        page = cursors.page_of_queryset(mine, call.parameters, name=f"rewards of {row.pk}", time="issued_at")
        return rendering.answer(page.as_data(rows.issued))

    @operation(
        id="issue_reward",
        tag="Loyalty",
        scope="loyalty:write",
        summary="Give a member a reward",
        body=bodies.RewardToIssue,
        body_example=examples.REWARD_TO_ISSUE,
        answer=schemas.IssuedReward,
        example=examples.ISSUED,
        status=201,
        also=(200,),
        problems=("conflict", "not_enough"),
    )
    def post(self, call: Call, key: int) -> HttpResponseBase:
        """For the points that it costs, or as a present. Where there are too few points (`not_enough`), or the reward is retired
        or has no code left (`conflict`), nothing is taken and nothing given.
        """
        status, told = writing.issuing(call, key)
        return rendering.answer(told, status)


class UseReward(Endpoint):
    """`/members/{customer_id}/rewards/{id}/use`"""

    @operation(
        id="use_reward",
        tag="Loyalty",
        scope="loyalty:write",
        summary="Use a reward",
        answer=schemas.IssuedReward,
        example=examples.ISSUED | {"status": "used", "used_at": "2026-11-27T09:00:00Z"},
        problems=("conflict",),
    )
    def post(self, call: Call, key: int, issued: int) -> HttpResponseBase:
        """The member used it, once: a repeat is harmless. One that was deactivated or has expired is not used (409)."""
        return rendering.answer(writing.ending(call, key, issued, is_used=True))


class DeactivateReward(Endpoint):
    """`/members/{customer_id}/rewards/{id}/deactivate`"""

    @operation(
        id="deactivate_reward",
        tag="Loyalty",
        scope="loyalty:write",
        summary="Deactivate a reward",
        body=bodies.Note,
        body_example={"note": "Sent by mistake"},
        answer=schemas.IssuedReward,
        example=examples.ISSUED | {"status": "deactivated", "deactivated_at": "2026-11-27T09:00:00Z"},
        problems=("conflict",),
    )
    def post(self, call: Call, key: int, issued: int) -> HttpResponseBase:
        """Take it back, once; points that were paid for it return to where they came from, with their dates. One that was used or
        has expired stays so (409).
        """
        return rendering.answer(writing.ending(call, key, issued, is_used=False))
