"""When something stalls: the settings that hold, a new version of them, and what it would do before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponseBase

from integrations.api import bodies as checked
from integrations.api import rendering
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.problems import Problem
from tracking import preview
from tracking.api import examples, schemas
from tracking.api.policy_bodies import PolicyChange, PolicyTrial
from tracking.models import StalledPolicy
from tracking.preview import Bar, Part
from tracking.services import policies


class Policy(Endpoint):
    """`/stalled-policy`"""

    @operation(
        id="get_stalled_policy",
        tag="Stalled policy",
        scope="settings:read",
        summary="Get the stalled policy",
        answer=schemas.StalledPolicy,
        example=examples.STALLED_POLICY,
    )
    def get(self, call: Call) -> HttpResponseBase:
        """The settings that hold for orders which are placed from now on. Version 0 are the defaults."""
        return rendering.answer(_policy(policies.current(call.merchant)))

    @operation(
        id="change_stalled_policy",
        tag="Stalled policy",
        scope="settings:write",
        summary="Change the stalled policy",
        body=PolicyChange,
        body_example=examples.POLICY_CHANGE,
        answer=schemas.StalledPolicy,
        example=examples.STALLED_POLICY,
        status=201,
        also=(200,),
        problems=("conflict",),
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Make a new version (201) for orders that are placed from now on; where nothing differs, the one that holds stays (200).
        A setting that is not given stays as it is. `based_on` is the version that you have seen: if somebody made another one
        meanwhile, nothing is changed (409).
        """
        values = dict(call.body)
        based_on = values.pop("based_on")
        try:
            made = policies.change(call.merchant, by=call.caller.actor, at=call.at, based_on=based_on, **values)
        except policies.Outdated as error:
            raise Problem("conflict", str(error)) from None
        except ValidationError as error:
            raise _invalid(error) from None
        return rendering.answer(_policy(made), 200 if made.version == based_on else 201)


class PolicyPreview(Endpoint):
    """`/stalled-policy/preview`"""

    @operation(
        id="preview_stalled_policy",
        tag="Stalled policy",
        scope="settings:read",
        summary="See what a stalled policy would flag",
        body=PolicyTrial,
        body_example=examples.POLICY_TRIAL,
        answer=schemas.Preview,
        example=examples.PREVIEW,
    )
    def post(self, call: Call) -> HttpResponseBase:
        """What the settings would have flagged of the last days, beside those that hold today; nothing is changed. Both are
        judged as if they had held for every order, by what is known now. A setting that is not given is as it is today.
        """
        values = dict(call.body)
        days = int(values.pop("days"))
        today = policies.current(call.merchant)
        try:
            new = policies.proposed(call.merchant, today, at=call.at, **values)
        except ValidationError as error:
            raise _invalid(error) from None
        seen = preview.preview(call.merchant, new, today, days=days, at=call.at)
        parts = {part.kind: _part(part) for part in seen.parts}
        return rendering.answer({"days": days, "start": seen.start, "at": seen.at, **parts, "warnings": new.warnings})


def _policy(policy: StalledPolicy) -> dict[str, Any]:
    settings = {name: getattr(policy, name) for name in policies.SETTINGS}
    known = {"version": policy.version, "created_at": policy.created_at, "changes": policy.changes}
    return {**known, **settings, "warnings": policy.warnings}


def _part(part: Part) -> dict[str, Any]:
    bars = {name: [_bar(each) for each in getattr(part, name)] for name in ("hours", "weekdays", "carriers")}
    known = ("count", "flagged", "today", "limits")
    return {name: getattr(part, name) for name in known} | {"hours_of_a_bar": part.width, **bars}


def _bar(bar: Bar) -> dict[str, Any]:
    return {name: getattr(bar, name) for name in ("label", "count", "flagged", "today")}


def _invalid(error: ValidationError) -> Problem:
    """The settings that are wrong, each by its place."""
    wrong: Mapping[str, list[str]] = error.message_dict
    return checked.invalid([{"pointer": f"/{name}", "detail": text} for name, texts in wrong.items() for text in texts])
