"""Request bodies for Klaviyo's event endpoints. Pure: no HTTP, no database, no clock.

The shapes are those of revision 2026-07-15. A body is written in one pass; the event's properties are JSON text already
and are spliced in unparsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from integrations.destinations.base import Outgoing, Profile

_ENVELOPE_BYTES = 640
"""More than what surrounds an event and its profile in a bulk request: keys, braces, time, a value of 100 digits."""

_BULK_POINTER = re.compile(
    r"/data/attributes/events[-_]bulk[-_]create/data/([0-9]{1,6})(?:/attributes/events/data/([0-9]{1,6}))?(?:/|$)"
)


@dataclass(frozen=True, slots=True)
class Bulk:
    """A bulk request. `groups[g][e]` is the place, in the items given, of event `e` in profile group `g`."""

    content: bytes
    groups: tuple[tuple[int, ...], ...]

    def items_at(self, pointer: str) -> tuple[int, ...]:
        """Return the places of the items that an error's JSON pointer speaks of; none for a pointer to nothing of ours.

        A pointer to a group and no event of it speaks of the profile, which all events of the group have in common.
        Where there is only one item, it is meant.
        """
        if self.groups == ((0,),):
            return self.groups[0]
        match = _BULK_POINTER.match(pointer)
        if match is None or int(match[1]) >= len(self.groups):
            return ()
        group = self.groups[int(match[1])]
        if match[2] is None:
            return group
        event = int(match[2])
        return group[event : event + 1]


def single_event(item: Outgoing) -> bytes:
    """Return the body of `POST /api/events`. Raises TypeError or ValueError for what JSON cannot hold."""
    attributes = _event_attributes(item) | {"profile": _resource("profile", profile_attributes(item.profile))}
    return _dumps(_resource("event", attributes))


def bulk_events(items: Sequence[Outgoing]) -> Bulk:
    """Return the body of `POST /api/event-bulk-create-jobs`: grouped by profile, a profile's items in the order given.

    A profile has the attributes of its newest event. Its events form two groups where they differ in `backfill`,
    because the flag stands at both levels and Klaviyo does not say which one wins. Raises TypeError or ValueError for
    what JSON cannot hold.
    """
    newest: dict[tuple[str, str], Outgoing] = {}
    groups: dict[tuple[tuple[str, str], bool], list[int]] = {}
    for place, item in enumerate(items):
        who = _identity(item.profile)
        groups.setdefault((who, item.backfill), []).append(place)
        if who not in newest or item.occurred_at >= newest[who].occurred_at:
            newest[who] = item
    entries = [
        _group([items[place] for place in places], newest[who].profile, backfill)
        for (who, backfill), places in groups.items()
    ]
    content = _dumps(_resource("event-bulk-create-job", {"events-bulk-create": {"data": entries}}))
    return Bulk(content, tuple(tuple(places) for places in groups.values()))


def batches(items: Sequence[Outgoing], *, most_items: int, most_bytes: int) -> list[list[Outgoing]]:
    """Cut `items` into bulk requests, in order: none larger than the bounds, and no event twice in one.

    Klaviyo refuses a whole request in which a unique_id comes twice for one profile and metric. An item that is too
    large, or that JSON cannot hold, travels alone, so that its refusal is about nothing else.
    """
    cut: list[list[Outgoing]] = []
    room, seen = 0, set[tuple[object, ...]]()
    for item in items:
        size = _size_or(most_bytes, item)
        key = (_identity(item.profile), item.metric_name, item.unique_id)
        if not cut or size > room or len(cut[-1]) == most_items or key in seen:
            cut.append([])
            room, seen = most_bytes, set()
        cut[-1].append(item)
        room -= size
        seen.add(key)
    return cut


def size_of(item: Outgoing) -> int:
    """Return how many bytes the item takes in a request at most; the sizes of several items add up.

    A bulk request is never larger than the sum, and smaller where one profile has several events. Nothing is written to
    find out: JSON takes at most six bytes for one of UTF-8. Raises TypeError or ValueError for what JSON cannot hold.
    """
    profile = item.profile
    texts = (
        item.metric_name + item.unique_id + item.value_currency + (profile.email or profile.phone)
        + profile.first_name + profile.last_name + profile.organization
    )  # fmt: skip
    size = _ENVELOPE_BYTES + bytes_of(item.properties) + 6 * bytes_of(texts)
    return size + len(_dumps(profile.properties)) if profile.properties else size


def profile_attributes(profile: Profile) -> dict[str, Any]:
    """Return the profile as Klaviyo knows it, without what is empty: a field that is given as null would be cleared.

    The phone number identifies only where there is no e-mail. Both together make Klaviyo merge two profiles into one,
    for good.
    """
    kind, identifier = _identity(profile)
    attributes: dict[str, Any] = {
        kind: identifier,
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "organization": profile.organization,
        "properties": _known(profile.properties),
    }
    return {name: value for name, value in attributes.items() if value}


def bytes_of(text: str) -> int:
    """Return the length of `text` in UTF-8; for ASCII without encoding it. Raises ValueError for a lone surrogate."""
    return len(text) if text.isascii() else len(text.encode())


def _size_or(size: int, item: Outgoing) -> int:
    try:
        return size_of(item)
    except (TypeError, ValueError):
        return size


def _identity(profile: Profile) -> tuple[str, str]:
    return ("email", profile.email) if profile.email else ("phone_number", profile.phone)


def _known(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if value is not None and value != ""}


def _event_attributes(item: Outgoing) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "metric": _metric(item.metric_name),
        "time": _time(item.occurred_at),
        "unique_id": item.unique_id,
        "backfill": item.backfill,
        "properties": orjson.Fragment(item.properties),
    }
    if item.value is not None:
        attributes["value"] = _exact(item.value)
        if item.value_currency:
            attributes["value_currency"] = item.value_currency
    return attributes


@lru_cache(maxsize=1024)
def _metric(name: str) -> orjson.Fragment:
    return orjson.Fragment(_dumps(_resource("metric", {"name": name})))


def _group(items: list[Outgoing], profile: Profile, backfill: bool) -> dict[str, Any]:
    events = [{"type": "event", "attributes": _event_attributes(item)} for item in items]
    attributes = {
        "backfill": backfill,
        "profile": _resource("profile", profile_attributes(profile)),
        "events": {"data": events},
    }
    return {"type": "event-bulk-create", "attributes": attributes}


def _resource(kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"type": kind, "attributes": attributes}}


def _time(at: datetime) -> datetime:
    """Return the instant in UTC, to be written in RFC 3339. Klaviyo keeps whole seconds, and refuses a time without an offset."""
    if at.tzinfo is None:
        raise ValueError("the time has no offset")
    return at.astimezone(UTC)


def _exact(value: object) -> orjson.Fragment:
    """Write a Decimal as a JSON number with all its digits: orjson knows no Decimal, and a float would round it.

    Python's notation of a finite Decimal ("12.50", "1E+3") is JSON's.
    """
    if not isinstance(value, Decimal):
        raise TypeError(f"Type is not JSON serializable: {type(value).__name__}")
    if not value.is_finite():
        raise ValueError("a number is not finite")
    return orjson.Fragment(str(value))


def _dumps(document: object) -> bytes:
    return orjson.dumps(document, default=_exact, option=orjson.OPT_OMIT_MICROSECONDS)
