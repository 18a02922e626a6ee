"""Rewards: those that are offered, their codes, and their end."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponseBase

from integrations.api import cursors, parameters, problems, rendering
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.problems import Problem
from loyalty import services
from loyalty.api import bodies, examples, rows, schemas, writing
from loyalty.api.members import BY_TIME
from loyalty.models import Reward


class Rewards(Endpoint):
    """`/rewards`"""

    @operation(
        id="list_rewards",
        tag="Loyalty",
        scope="loyalty:read",
        summary="List rewards",
        parameters=(BY_TIME, parameters.CURSOR, parameters.LIMIT),
        answer=schemas.RewardPage,
        example={"items": [examples.REWARD], "next": None, "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call) -> HttpResponseBase:
        """Rewards, the newest first, those that are retired too."""
        found = Reward.objects.for_merchant(call.merchant)
        page = cursors.page_of_queryset(found, call.parameters, name="rewards", time="created_at")
        return rendering.answer(page.as_data(rows.reward))

    @operation(
        id="offer_reward",
        tag="Loyalty",
        scope="loyalty:write",
        summary="Offer a reward",
        body=bodies.NewReward,
        body_example=examples.NEW_REWARD,
        answer=schemas.Reward,
        example=examples.REWARD,
        status=201,
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Offer another reward. It stays as it is; to change it, retire it and offer another one. Send an `Idempotency-Key`: two
        rewards may be the same.
        """
        with writing.refusing():
            made = services.offer_reward(call.merchant, by=call.caller.actor, at=call.at, **call.body)
        return rendering.answer(rows.reward(made), 201)


class RewardCodes(Endpoint):
    """`/rewards/{id}/codes`"""

    @operation(
        id="add_reward_codes",
        tag="Loyalty",
        scope="loyalty:write",
        summary="Add codes of a reward",
        body=bodies.NewCodes,
        body_example=examples.NEW_CODES,
        answer=schemas.AddedCodes,
        example={"added": 2},
    )
    def post(self, call: Call, key: int) -> HttpResponseBase:
        """Put codes into the pool of a reward whose `codes` are a `pool`. A code is there once: a repeat is harmless."""
        with writing.refusing():
            added = services.add_codes(_reward(call, key), call.body["codes"], by=call.caller.actor, at=call.at)
        return rendering.answer({"added": added})


class RetireReward(Endpoint):
    """`/rewards/{id}/retire`"""

    @operation(
        id="retire_reward",
        tag="Loyalty",
        scope="loyalty:write",
        summary="Retire a reward",
        answer=schemas.Reward,
        example=examples.REWARD | {"retired_at": "2026-11-27T09:00:00Z"},
        problems=("conflict",),
    )
    def post(self, call: Call, key: int) -> HttpResponseBase:
        """Nobody gets it any more; who has it keeps it. A reward that the programme gives is not retired (409). A repeat is
        harmless.
        """
        row = _reward(call, key)
        try:
            services.retire_reward(row, by=call.caller.actor, at=call.at)
        except ValidationError as error:
            raise Problem("conflict", " ".join(error.messages)) from None
        return rendering.answer(rows.reward(_reward(call, key)))


def _reward(call: Call, key: int) -> Reward:
    row = writing.reward_of(call.merchant, key)
    if row is None:
        raise problems.not_found("reward")
    return row
