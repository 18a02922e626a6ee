"""Changing profiles at Klaviyo: which request carries which kind, how many at once, and what the shopper said meanwhile.

Every one of these requests may be repeated: the second time it changes nothing. The exception is a subscription, which lifts an
opt-out that came in between; so one that is late asks Klaviyo first, and leaves out whoever opted out since.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from integrations.destinations.base import Carrying, Change, Fault, Receipt, Rejected, Unsupported, Window
from integrations.destinations.exchange import Answer
from integrations.destinations.klaviyo import profile_payloads as payloads
from integrations.destinations.klaviyo.answers import taken
from integrations.destinations.klaviyo.rules import is_email, is_phone

Exchange = Callable[..., Answer]
"""`KlaviyoSession.exchange`: (method, path, content, parameters) to what came back."""

_MEDIUM = (Window(75, 1), Window(750, 60))
_SMALL = (Window(10, 1), Window(150, 60))

CARRYING: Mapping[str, Carrying] = {
    "subscribe": Carrying(1_000, _MEDIUM),
    "unsubscribe": Carrying(100, _MEDIUM),
    "suppress": Carrying(100, _MEDIUM),
    "list_add": Carrying(1_000, _SMALL),
    "list_remove": Carrying(100, _SMALL),
    "upsert": Carrying(50, _SMALL),
    "merge": Carrying(1, _SMALL),
    "erase": Carrying(1, (Window(3, 1), Window(60, 60))),
}
"""Most profiles in one request, and the rate limits, as the OpenAPI description of 2026-07-15 states them.

`list_add` travels as a bulk import, which takes 10,000: as many as the other requests are enough. So does `upsert`: 50 of the
largest profiles make the 5 MB that an import takes. `list_remove` takes 1,000 profiles by their ids, which are looked up
before it, 50 at a time.
"""

PROFILE_BYTES = 100_000
"""Of one profile in an import."""

_ASKED_AT_ONCE = 50
"""Addresses in one look-up: they stand in the address of the request."""

_PLACE = re.compile(r"/data/attributes/profiles/data/([0-9]{1,6})(?:/|$)")
_OPT_OUTS = frozenset({"UNSUBSCRIBE", "SPAM_COMPLAINT", "SPAM_REPORT", "USER_SUPPRESSED"})
"""Suppressions that subscribing would lift, by either name that Klaviyo's description has for a complaint."""

_UNKNOWN = datetime.max.replace(tzinfo=UTC)

_ADDRESS = {"email": "email", "sms": "phone_number"}


class _Way(NamedTuple):
    path: str
    scopes: str
    write: Callable[[Sequence[Change]], bytes]


_WAYS: Mapping[str, _Way] = {
    "subscribe": _Way(
        "/api/profile-subscription-bulk-create-jobs",
        "lists:write, profiles:write or subscriptions:write",
        payloads.subscribe,
    ),
    "unsubscribe": _Way(
        "/api/profile-subscription-bulk-delete-jobs",
        "lists:write, profiles:write or subscriptions:write",
        payloads.unsubscribe,
    ),
    "suppress": _Way(
        "/api/profile-suppression-bulk-create-jobs", "profiles:write or subscriptions:write", payloads.suppress
    ),
    "list_add": _Way("/api/profile-bulk-import-jobs", "lists:write or profiles:write", payloads.add_to_list),
    "upsert": _Way("/api/profile-bulk-import-jobs", "lists:write or profiles:write", payloads.update),
    "erase": _Way("/api/data-privacy-deletion-jobs", "data-privacy:write", lambda changes: payloads.erase(changes[0])),
}


def send(exchange: Exchange, changes: Sequence[Change]) -> Receipt:
    """Make the request that carries `changes`, which are of one kind, list and source. Raises a `DeliveryError`."""
    if changes[0].kind == "merge":
        return _merge(exchange, changes[0])
    if changes[0].kind == "list_remove":
        return _remove_from_list(exchange, changes)
    if changes[0].kind == "subscribe" and any(each.is_late for each in changes):
        return _subscribe_late(exchange, changes)
    return _send(exchange, changes, range(len(changes)))


def problems(change: Change) -> list[str]:
    """Return why Klaviyo would refuse the change, in plain words without personal data; empty when nothing speaks against it."""
    return [*_address_problems(change), *_kind_problems(change)]


def _address_problems(change: Change) -> Iterator[str]:
    if change.email and not is_email(change.email):
        yield "profile.email: not an e-mail address"
    if change.phone and not is_phone(change.phone):
        yield "profile.phone_number: not in the form +12345678901 (E.164)"
    if not (change.email or change.phone):
        yield "profile: neither an e-mail address nor a phone number"
    if "email" in change.channels and not change.email:
        yield "profile.email: missing, and the e-mail channel needs it"
    if "sms" in change.channels and not change.phone:
        yield "profile.phone_number: missing, and the SMS channel needs it"


def _kind_problems(change: Change) -> Iterator[str]:
    if change.kind in ("subscribe", "unsubscribe") and not change.channels:
        yield "subscriptions: no channel"
    if change.kind == "suppress" and not change.email:
        yield "profile.email: missing, and only e-mail addresses can be suppressed"
    if change.kind in ("list_add", "list_remove") and not change.list_id:
        yield "list: missing"
    if change.kind == "merge" and not (change.details.get("email") or change.details.get("phone")):
        yield "merge: the profile that is given up has neither an e-mail address nor a phone number"
    if change.kind == "upsert" and (size := len(payloads.update([change]))) > PROFILE_BYTES:
        yield f"profile: {size} bytes, at most {PROFILE_BYTES} are allowed"


def _send(exchange: Exchange, changes: Sequence[Change], places: Sequence[int]) -> Receipt:
    """`places` are where the changes stand among those that the engine handed over: faults are told by them."""
    way = _WAYS[changes[0].kind]

    def items_at(pointer: str) -> tuple[int, ...]:
        if len(places) == 1:
            return tuple(places)
        match = _PLACE.match(pointer)
        return (places[int(match[1])],) if match and int(match[1]) < len(places) else ()

    return _refusing_what_is_not_there(exchange("POST", way.path, way.write(changes)), way.scopes, items_at)


def _refusing_what_is_not_there(answer: Answer, scopes: str, items_at: Callable[[str], tuple[int, ...]]) -> Receipt:
    """A list or a profile that is not there (404) is the change's fault, not the endpoint's: the lane goes on."""
    try:
        return taken(answer, scopes, items_at)
    except Unsupported as error:
        if answer.status != 404:
            raise
        faults = [Fault(error.detail, index=index) for index in items_at("") or (None,)]
        raise Rejected(error.detail, error.receipt, faults) from error


def _merge(exchange: Exchange, change: Change) -> Receipt:
    """Merge needs ids: the profile that stays is made sure of, the one that is given up is looked up. None there: done."""
    kept = exchange("POST", "/api/profile-import", payloads.make_sure_of(change))
    taken(kept, "profiles:write", lambda _pointer: (0,))
    kind = "email" if change.details.get("email") else "phone_number"
    address = change.details.get("email") or change.details["phone"]
    found = exchange("GET", "/api/profiles", None, {"filter": f"equals({kind},{_quoted(address)})"})
    receipt = taken(found, "profiles:read")
    into = next((_id(each) for each in _resources(kept)), "")
    source = next((_id(each) for each in _resources(found)), "")
    if not source or source == into:
        return receipt
    answer = exchange("POST", "/api/profile-merge", payloads.merge(into, source))
    return _refusing_what_is_not_there(answer, "profiles:write", lambda _pointer: (0,))


def _remove_from_list(exchange: Exchange, changes: Sequence[Change]) -> Receipt:
    """Leaving a list needs ids, too. Who is not known there is on no list: that is done."""
    ids: list[str] = []
    for kind, addresses in (
        ("email", sorted({each.email for each in changes if each.email})),
        ("phone_number", sorted({each.phone for each in changes if not each.email})),
    ):
        for start in range(0, len(addresses), _ASKED_AT_ONCE):
            answer = _ask(exchange, kind, addresses[start : start + _ASKED_AT_ONCE])
            receipt = taken(answer, "profiles:read or subscriptions:read")
            ids += [found for each in _resources(answer) if (found := _id(each))]
    if not ids:
        return receipt
    path = f"/api/lists/{quote(changes[0].list_id, safe='')}/relationships/profiles"
    answer = exchange("DELETE", path, payloads.members(ids))
    everyone = tuple(range(len(changes)))
    return _refusing_what_is_not_there(answer, "lists:write or profiles:write", lambda _pointer: everyone)


def _subscribe_late(exchange: Exchange, changes: Sequence[Change]) -> Receipt:
    """Leave out the channels from which a shopper opted out at Klaviyo since they consented, and whoever has none left."""
    late = [each for each in changes if each.is_late]
    said: dict[tuple[str, str], datetime] = {}
    for channel, kind in _ADDRESS.items():
        addresses = sorted({_address(each, channel) for each in late if channel in each.channels})
        for start in range(0, len(addresses), _ASKED_AT_ONCE):
            answer = _ask(exchange, kind, addresses[start : start + _ASKED_AT_ONCE])
            asked = taken(answer, "profiles:read or subscriptions:read")
            said |= dict(_opt_outs(answer, channel))
    left = [
        each._replace(channels=tuple(channel for channel in each.channels if not _is_undone(each, channel, said)))
        for each in changes
    ]
    places = [place for place, each in enumerate(left) if each.channels]
    receipt = _send(exchange, [left[place] for place in places], places) if places else asked
    return replace(receipt, left_out=tuple(place for place, each in enumerate(left) if not each.channels))


def _ask(exchange: Exchange, kind: str, addresses: Sequence[str]) -> Answer:
    wanted = {
        "filter": f"any({kind},{orjson.dumps(list(addresses)).decode()})",
        "additional-fields[profile]": "subscriptions",
        "page[size]": "100",
    }
    return exchange("GET", "/api/profiles", None, wanted)


def _opt_outs(answer: Answer, channel: str) -> Iterator[tuple[tuple[str, str], datetime]]:
    """((channel, address), the newest instant at which its owner opted out) as the answer tells."""
    for profile in _resources(answer):
        attributes = profile.get("attributes")
        attributes = attributes if isinstance(attributes, dict) else {}
        address = str(attributes.get(_ADDRESS[channel]) or "")
        marketing = attributes.get("subscriptions")
        for name in (channel, "marketing"):
            marketing = marketing.get(name) if isinstance(marketing, dict) else None
        if address and isinstance(marketing, dict):
            instants = [_instant(each) for each in _opt_out_times(marketing)]
            if instants:
                yield (channel, address.lower()), max(instants)


def _opt_out_times(marketing: Mapping[str, Any]) -> Iterator[Any]:
    if marketing.get("consent") == "UNSUBSCRIBED":
        yield marketing.get("last_updated") or marketing.get("consent_timestamp")
    suppressions = marketing.get("suppression")
    for each in suppressions if isinstance(suppressions, list) else ():
        if isinstance(each, dict) and each.get("reason") in _OPT_OUTS:
            yield each.get("timestamp")


def _instant(text: Any) -> datetime:
    """The instant; an opt-out of which it is not known counts as newer than every consent."""
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return _UNKNOWN
    return at if at.tzinfo else _UNKNOWN


def _is_undone(change: Change, channel: str, said: Mapping[tuple[str, str], datetime]) -> bool:
    opted_out_at = said.get((channel, _address(change, channel).lower()))
    return change.is_late and opted_out_at is not None and opted_out_at >= change.asked_at


def _address(change: Change, channel: str) -> str:
    return change.email if channel == "email" else change.phone


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _resources(answer: Answer) -> list[dict[str, Any]]:
    document = answer.json()
    data = document.get("data") if isinstance(document, dict) else None
    found = data if isinstance(data, list) else [data]
    return [each for each in found if isinstance(each, dict)]


def _id(resource: Mapping[str, Any]) -> str:
    return str(resource.get("id") or "")
