"""The operations that a shop's pages call with the public key alone, `/client/…`: no key of theirs can read anything.

Klaviyo's description of them is not at hand in full; what is not written in it is a guess: an unknown `company_id` is a 400. A
change of an identifier is answered 202 and not made, as Klaviyo states.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import rules, shapes
from .calls import Answer, Call, check_shape, refuse
from .problems import Path, Problem, not_found, path
from .profiles import ProfileInput
from .store import EventInput

Json = dict[str, Any]

PREFIX = "/client/"


def create_client_event(call: Call) -> Answer:
    """202 with an empty body. `unique_id` counts as that of a server; `$event_id` among the properties is a property."""
    check_shape(shapes.CLIENT_EVENT, call.body)
    attributes, place = call.body["data"]["attributes"], path("data", "attributes")
    profile = attributes["profile"]["data"]
    found = rules.event_problems(attributes, place, call.at)
    found += _problems(call, profile, path("data", "attributes", "profile", "data"))
    refuse(found)
    event = EventInput.from_attributes(
        attributes, profile, backfill=False, operation="create_client_event", received_at=call.at
    )
    with call.account.lock:
        known = replace(event, profile=_as_known(call, event.profile))
        call.account.accept([known], delay=call.options.processing_delay, flow_window=call.options.first_flow_delay)
    return Answer(202)


def create_client_profile(call: Call) -> Answer:
    """202 with an empty body: the profile is made or updated."""
    check_shape(shapes.CLIENT_PROFILE, call.body)
    data = call.body["data"]
    refuse(_problems(call, data, path("data")))
    with call.account.lock:
        call.account.profiles.upsert(_as_known(call, ProfileInput.from_resource(data)), call.at)
    return Answer(202)


def create_client_subscription(call: Call) -> Answer:
    """202 with an empty body: on the list, by its own opt-in."""
    check_shape(shapes.CLIENT_SUBSCRIPTION, call.body)
    data = call.body["data"]
    profile = data["attributes"]["profile"]["data"]
    refuse(_problems(call, profile, path("data", "attributes", "profile", "data")))
    list_id = data["relationships"]["list"]["data"]["id"]
    with call.account.lock:
        listed = call.account.lists.get(list_id)
        if listed is None:
            raise not_found("list", list_id)
        found, _ = call.account.profiles.upsert(_as_known(call, ProfileInput.from_resource(profile)), call.at)
        for channel in profile["attributes"].get("subscriptions") or {"email": {}}:
            found.consents.subscribe(
                channel,
                at=call.at,
                source=data["attributes"].get("custom_source"),
                needs_confirmation=listed.opt_in_process == "double_opt_in",
            )
        if not found.consents.pending:
            found.lists.add(list_id)
    return Answer(202)


def _problems(call: Call, profile: Json, place: Path) -> list[Problem]:
    return rules.profile_problems(
        profile, place, identifiers=rules.EVENT_IDENTIFIERS, refused_emails=call.options.refused_emails
    )


def _as_known(call: Call, given: ProfileInput) -> ProfileInput:
    """What a page says of a profile, less the identifiers that would be others than those that are known."""
    known = call.account.profiles.find(given)
    if known is None:
        return given
    kept = {name: value for name, value in given.identifiers.items() if known.identifiers.get(name) in (None, value)}
    return replace(given, identifiers=kept)
