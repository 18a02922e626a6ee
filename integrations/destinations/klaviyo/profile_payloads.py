"""Request bodies for what Klaviyo lets change of profiles. Pure: no HTTP, no database, no clock.

The shapes are those of revision 2026-07-15. Addresses were normalised before they came here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from integrations.destinations.base import Change

_FIELDS = ("first_name", "last_name", "organization", "properties")
"""What an update may say of a profile, beside whose it is."""


def subscribe(changes: Sequence[Change]) -> bytes:
    """Return the body of `POST /api/profile-subscription-bulk-create-jobs`; list and source are the first change's.

    E-mail and phone go together where both are known, so that a consent for the one ends up on the shopper's own profile.
    No `historical_import`: it would skip the list's double opt-in.
    """
    first = changes[0]
    attributes: dict[str, Any] = {"profiles": {"data": [_subscribed(each, "SUBSCRIBED") for each in changes]}}
    if first.source:
        attributes["custom_source"] = first.source
    return _job("profile-subscription-bulk-create-job", attributes, _on_list(first.list_id))


def unsubscribe(changes: Sequence[Change]) -> bytes:
    """Return the body of `POST /api/profile-subscription-bulk-delete-jobs`, never with a list.

    With one, who is not on it is unsubscribed everywhere (Klaviyo's warning), and who is on it nowhere else.
    """
    profiles = {"data": [_subscribed(each, "UNSUBSCRIBED") for each in changes]}
    return _job("profile-subscription-bulk-delete-job", {"profiles": profiles})


def suppress(changes: Sequence[Change]) -> bytes:
    """Return the body of `POST /api/profile-suppression-bulk-create-jobs`: e-mail addresses only."""
    profiles = {"data": [_profile({"email": each.email}) for each in changes]}
    return _job("profile-suppression-bulk-create-job", {"profiles": profiles})


def add_to_list(changes: Sequence[Change]) -> bytes:
    """Return the body of `POST /api/profile-bulk-import-jobs`, which takes addresses; adding to a list itself takes ids."""
    profiles = {"data": [_profile(_named(each)) for each in changes]}
    lists = {"lists": {"data": [{"type": "list", "id": changes[0].list_id}]}}
    return _job("profile-bulk-import-job", {"profiles": profiles}, lists)


def members(ids: Sequence[str]) -> bytes:
    """Return the body of `DELETE /api/lists/{id}/relationships/profiles`: profiles by their ids."""
    return orjson.dumps({"data": [{"type": "profile", "id": each} for each in ids]})


def update(changes: Sequence[Change]) -> bytes:
    """Return the body of `POST /api/profile-bulk-import-jobs` without a list. What is not known is left out."""
    return _job("profile-bulk-import-job", {"profiles": {"data": [_profile(_named(e) | _known(e)) for e in changes]}})


def make_sure_of(change: Change) -> bytes:
    """Return the body of `POST /api/profile-import` which says only whose profile it is: its answer has the id."""
    return orjson.dumps({"data": _profile(_named(change))})


def merge(into: str, source: str) -> bytes:
    """Return the body of `POST /api/profile-merge` for two profiles by their ids."""
    relationships = {"profiles": {"data": [{"type": "profile", "id": source}]}}
    return orjson.dumps({"data": {"type": "profile-merge", "id": into, "relationships": relationships}})


def erase(change: Change) -> bytes:
    """Return the body of `POST /api/data-privacy-deletion-jobs`: exactly one address."""
    return _job("data-privacy-deletion-job", {"profile": {"data": _profile(_named(change))}})


def _subscribed(change: Change, consent: str) -> dict[str, Any]:
    asked = {channel: {"marketing": {"consent": consent}} for channel in change.channels}
    named = {"email": change.email, "phone_number": change.phone}
    return _profile({name: value for name, value in named.items() if value} | {"subscriptions": asked})


def _named(change: Change) -> dict[str, Any]:
    """E-mail identifies, the phone only where there is none: both together make Klaviyo merge two profiles for good."""
    return {"email": change.email} if change.email else {"phone_number": change.phone}


def _known(change: Change) -> dict[str, Any]:
    return {name: change.details[name] for name in _FIELDS if change.details.get(name)}


def _profile(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "profile", "attributes": attributes}


def _on_list(list_id: str) -> dict[str, Any]:
    return {"list": {"data": {"type": "list", "id": list_id}}} if list_id else {}


def _job(kind: str, attributes: Mapping[str, Any], relationships: Mapping[str, Any] | None = None) -> bytes:
    data: dict[str, Any] = {"type": kind, "attributes": attributes}
    if relationships:
        data["relationships"] = relationships
    return orjson.dumps({"data": data})
