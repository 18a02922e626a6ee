"""The operations on events."""

from __future__ import annotations

from typing import Any

from . import resources, rules, shapes
from .calls import Answer, Call, check_shape, collection_answer, partial_failure, refuse
from .problems import Path, Problem, invalid, path, repeated
from .store import EventInput

Json = dict[str, Any]


def create_event(call: Call) -> Answer:
    """202 with an empty body; the event is processed afterwards."""
    check_shape(shapes.CREATE_EVENT[call.revision], call.body)
    attributes, place = call.body["data"]["attributes"], path("data", "attributes")
    profile = attributes["profile"]["data"]
    found = rules.event_problems(attributes, place, call.at)
    found += _profile_problems(call, profile, path("data", "attributes", "profile", "data"))
    refuse(found)
    event = EventInput.from_attributes(
        attributes, profile, backfill=False, operation="create_event", received_at=call.at
    )
    _accept(call, [event])
    return Answer(202, headers=partial_failure(profile["attributes"]))


def bulk_create_events(call: Call) -> Answer:
    """202 with an empty body. All or nothing: one bad event and none is taken."""
    check_shape(shapes.BULK_CREATE_EVENTS, call.body)
    groups = call.body["data"]["attributes"]["events-bulk-create"]["data"]
    place = path("data", "attributes", "events-bulk-create", "data")
    found = rules.bulk_problems(groups, place)
    events: list[EventInput] = []
    places: list[Path] = []
    for index, group in enumerate(groups):
        inside = ((place, index), "attributes")
        attributes = group["attributes"]
        profile = attributes["profile"]["data"]
        found += _profile_problems(call, profile, ((inside, "profile"), "data"), in_bulk=True)
        for number, item in enumerate(attributes["events"]["data"]):
            event_place = ((((inside, "events"), "data"), number), "attributes")
            found += rules.event_problems(item["attributes"], event_place, call.at)
            if not found:
                events.append(
                    EventInput.from_attributes(
                        item["attributes"],
                        profile,
                        backfill=bool(attributes.get("backfill")),
                        operation="bulk_create_events",
                        received_at=call.at,
                    )
                )
                places.append(event_place)
    refuse(found)
    with call.account.lock:
        refuse(_repeated_problems(call, events, places))
        _accept(call, events)
    return Answer(
        202, headers=partial_failure(*(group["attributes"]["profile"]["data"]["attributes"] for group in groups))
    )


def get_events(call: Call) -> Answer:
    """Recorded events, newest first unless sorted otherwise."""
    with call.account.lock:
        events = list(call.account.events.values())
        answer, page = collection_answer(call, resources.EVENTS, events, "events", resources.event_resource)
        included: dict[str, Json] = {}
        for name in call.query.get("include", "").split(","):
            for event in page:
                if name == "metric":
                    included[event.metric.id] = resources.metric_resource(event.metric, call.base)
                elif name == "profile":
                    included[event.profile.id] = resources.profile_resource(event.profile, call.base)
    if "include" in call.query:
        answer["included"] = [resources.sparse(resource, call.query) for resource in included.values()]
    return Answer(200, answer)


def unique_ids(body: Any, operation: str) -> list[str]:
    """The unique_ids in a body that nothing has checked yet."""
    try:
        attributes = body["data"]["attributes"]
        if operation in ("create_event", "create_client_event"):
            found = [attributes.get("unique_id")]
        elif operation == "bulk_create_events":
            groups = attributes["events-bulk-create"]["data"]
            events = (event for group in groups for event in group["attributes"]["events"]["data"])
            found = [event["attributes"].get("unique_id") for event in events]
        else:
            return []
    except (KeyError, TypeError, AttributeError):
        return []
    return [unique_id for unique_id in found if isinstance(unique_id, str)]


def _profile_problems(call: Call, profile: Json, place: Path, *, in_bulk: bool = False) -> list[Problem]:
    found = rules.profile_problems(
        profile,
        place,
        identifiers=rules.EVENT_IDENTIFIERS,
        refused_emails=call.options.refused_emails,
        phone_must_be_valid=in_bulk and call.options.strict_bulk,
    )
    if not found and profile.get("id") and profile["id"] not in call.account.profiles.by_id:
        found.append(invalid(f"A profile with id `{profile['id']}` does not exist.", (place, "id")))
    return found


def _repeated_problems(call: Call, events: list[EventInput], places: list[Path]) -> list[Problem]:
    """Each unique_id that comes twice for one profile and metric, or under `strict_bulk` is already on record."""
    found: list[Problem] = []
    seen: set[tuple[str | tuple[str, str], tuple[str, str], str]] = set()
    for event, place in zip(events, places, strict=True):
        if not event.unique_id:
            continue
        profile = call.account.profiles.find(event.profile)
        key = (profile.id if profile else event.profile.identity, event.metric_key, event.unique_id)
        if key in seen or (call.options.strict_bulk and call.account.is_recorded(event)):
            found.append(repeated(event.unique_id, (place, "unique_id")))
        seen.add(key)
    return found


def _accept(call: Call, events: list[EventInput]) -> None:
    call.account.accept(events, delay=call.options.processing_delay, flow_window=call.options.first_flow_delay)
