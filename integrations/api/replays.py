"""Sending a stretch of history once more: the count first, then its progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponseBase
from rest_framework import serializers

from integrations import custom_metrics, replays
from integrations.api import bodies, event_rows, examples, problems, rendering, schemas
from integrations.api.bodies import Body, Choice, Flag, Instant, Text
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.problems import Problem
from integrations.models import Event, Replay
from integrations.replays import TooMany
from integrations.search import Wanted

NAMES = {"search": "term", "metric": "metric", "state": "state", "occurred_after": "since", "occurred_before": "until"}
"""Name of a part of the filter here -> its name in `Wanted`."""


class NewReplay(Body):
    """Which events, and whether it is meant."""

    search = Text(required=False, max_length=254, help_text="An order, e-mail address, phone or tracking number.")
    metric = Text(required=False, max_length=40, help_text="Of one metric, by its key.")
    state = Choice(required=False, choices=list(event_rows.STATES), help_text="With a delivery in this state.")
    occurred_after = Instant(required=False, help_text="Happened at this instant or later.")
    occurred_before = Instant(required=False, help_text="Happened before this instant.")
    dry_run = Flag(default=True, help_text="Count only. Nothing is sent unless this is false.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Something narrows the history down."""
        if not attrs.keys() & NAMES.keys():
            raise serializers.ValidationError(f"must have one of {', '.join(NAMES)}")
        return attrs


class Replays(Endpoint):
    """`/replays`"""

    @operation(
        id="start_replay",
        tag="Sending",
        scope="events:write",
        summary="Start a replay",
        body=NewReplay,
        body_example={"state": "failed", "occurred_after": "2026-11-19T00:00:00Z", "dry_run": False},
        answer=schemas.ReplayShape,
        example=examples.REPLAY,
        status=202,
        also=(200,),
        problems=("conflict",),
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Count what fits, and show a few (200); with `"dry_run": false` send it once more (202), at most 200,000 events. Sent is
        what was accepted, what failed, and what was not sent because its metric was off, with the same identity: Klaviyo
        ignores what it has.
        """
        wanted = _wanted(call)
        if call.body["dry_run"]:
            proposal = replays.propose(call.merchant, wanted)
            sample = [_sampled(each) for each in proposal.sample]
            return rendering.answer(_proposed(call.body, proposal.count) | {"sample": sample})
        try:
            replay = replays.begin(call.merchant, wanted, by=call.caller.actor, at=call.at)
        except TooMany as error:
            raise Problem("conflict", str(error)) from None
        return rendering.answer(_told(replay), 202, location=f"/api/v1/replays/{replay.pk}")


class ReplayDetail(Endpoint):
    """`/replays/{id}`"""

    @operation(
        id="get_replay",
        tag="Sending",
        scope="events:read",
        summary="Get a replay",
        answer=schemas.ReplayShape,
        example=examples.REPLAY,
    )
    def get(self, call: Call, key: int) -> HttpResponseBase:
        """How far it is."""
        return rendering.answer(_told(_find(call, key)))


class CancelReplay(Endpoint):
    """`/replays/{id}/cancel`"""

    @operation(
        id="cancel_replay",
        tag="Sending",
        scope="events:write",
        summary="Cancel a replay",
        answer=schemas.ReplayShape,
        example=examples.REPLAY | {"state": "cancelled", "finished_at": "2026-11-20T10:01:00Z"},
        problems=("conflict",),
    )
    def post(self, call: Call, key: int) -> HttpResponseBase:
        """Stop it. What was lined up by then is sent."""
        replay = _find(call, key)
        if not replays.cancel(call.merchant, key, by=call.caller.actor, at=call.at):
            raise Problem("conflict", f"It is {replay.state} already.")
        return rendering.answer(_told(_find(call, key)))


def _find(call: Call, key: int) -> Replay:
    replay: Replay | None = Replay.objects.for_merchant(call.merchant).filter(pk=key).first()
    if replay is None:
        raise problems.not_found("replay")
    return replay


def _wanted(call: Call) -> Wanted:
    metric = call.body.get("metric")
    if metric and metric not in custom_metrics.of(call.merchant):
        raise bodies.invalid([{"pointer": bodies.pointer("metric"), "detail": "is no metric; see GET /metrics"}])
    return Wanted(**{NAMES[name]: value for name, value in call.body.items() if name in NAMES})


def _proposed(body: Mapping[str, Any], count: int) -> dict[str, Any]:
    wanted = {name: body[name] for name in NAMES if name in body}
    ends = {"created_at": None, "finished_at": None}
    return {"id": None, "state": "proposed", **ends, "filter": wanted, "total": count, "done": 0, "resent": 0}


def _told(row: Replay) -> dict[str, Any]:
    names = ("state", "created_at", "finished_at", "total", "done", "resent")
    wanted = {name: row.wanted[stored] for name, stored in NAMES.items() if stored in row.wanted}
    return {"id": str(row.pk), **{name: getattr(row, name) for name in names}, "filter": wanted}


def _sampled(row: Event) -> dict[str, Any]:
    names = ("metric", "metric_name", "occurred_at", "recorded_at", "order_number", "tracking_number", "unique_id")
    return {"id": str(row.pk), **{name: getattr(row, name) for name in names}}
