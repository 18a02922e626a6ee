"""The rules of the programme: the newest version, another one, and how the programme fares."""

from __future__ import annotations

from django.http import HttpResponseBase

from integrations.api import problems, rendering
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.problems import Problem
from loyalty import dashboard
from loyalty.api import bodies, examples, rows, schemas, writing
from loyalty.services import programmes


class LoyaltyProgramme(Endpoint):
    """`/loyalty-programme`"""

    @operation(
        id="get_loyalty_programme",
        tag="Loyalty",
        scope="settings:read",
        summary="Get the loyalty programme",
        answer=schemas.LoyaltyProgramme,
        example=examples.PROGRAMME,
    )
    def get(self, call: Call) -> HttpResponseBase:
        """The newest version of the rules, which may be in force later, and which one is in force. 404 where there is none."""
        newest = programmes.newest(call.merchant)
        if newest is None:
            raise problems.not_found("loyalty programme")
        return rendering.answer(rows.programme(newest, programmes.in_force(call.merchant, call.at)))

    @operation(
        id="change_loyalty_programme",
        tag="Loyalty",
        scope="settings:write",
        summary="Change the loyalty programme",
        body=bodies.ProgrammeChange,
        body_example=examples.PROGRAMME_CHANGE,
        answer=schemas.LoyaltyProgramme,
        example=examples.PROGRAMME,
        status=201,
        also=(200,),
        problems=("conflict",),
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Make a new version (201) for what is granted from then on, or begin a programme with the first one; where nothing
        differs, the newest stays (200). `based_on` is the version that you have seen: if somebody made another one meanwhile,
        nothing is changed (409).
        """
        values = writing.rewards_named(call.merchant, call.body, "welcome_reward", "birthday_reward")
        based_on = values.pop("based_on")
        try:
            with writing.refusing():
                made = programmes.change(call.merchant, by=call.caller.actor, at=call.at, based_on=based_on, **values)
        except programmes.Outdated as error:
            raise Problem("conflict", str(error)) from None
        told = rows.programme(made, programmes.in_force(call.merchant, call.at))
        return rendering.answer(told, 200 if made.version == based_on else 201)


class LoyaltyFigures(Endpoint):
    """`/loyalty-programme/figures`"""

    @operation(
        id="get_loyalty_figures",
        tag="Loyalty",
        scope="loyalty:read",
        summary="Get the figures of the programme",
        answer=schemas.LoyaltyFigures,
        example=examples.FIGURES,
    )
    def get(self, call: Call) -> HttpResponseBase:
        """What is outstanding now, and what was added, subtracted and ran out on each of the last 30 days, today among them."""
        found = dashboard.of(call.merchant, at=call.at)
        none = dict.fromkeys(dashboard.LABELS, 0)
        return rendering.answer(
            {
                **{name: getattr(found, name) for name in ("members", "outstanding", "owed", "pending")},
                "days": [
                    {"date": day.date, **none, **day.points, "outstanding": day.outstanding} for day in found.days
                ],
            }
        )
