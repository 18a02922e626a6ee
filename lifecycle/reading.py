"""The wire form of the activity log: entries as files and feeds tell them, and a feed's page. Pure.

An entry is {"entry_id", "kind", "occurred_at", "customer": {…}, "data": {…}, "plan": {…}}, as in the REST API; a page is
{"entries": […], "next": "cursor", "more": true}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from integrations import clean
from integrations.people import PersonInput
from integrations.sources import CLOCKS_DIFFER, Malformed
from lifecycle.inputs import EntryInput, PlanInput
from lifecycle.models.activity import ENTRY_ID_LENGTH, KIND_LENGTH
from tracking.reading import Record

DATA_BYTES = 20_000
"""Of an entry's `data`, as JSON."""

CURSOR_LENGTH = 300
MOST_ENTRIES = 1_000
"""Of a page."""

PERSON = ("email", "phone", "external_id", "first_name", "last_name", "company", "country")
_TRUTH = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a feed: entries, complaints of those that cannot be read, where the next page begins, and whether it is there."""

    entries: list[EntryInput]
    complaints: list[str]
    cursor: str
    has_more: bool


def entry(payload: Any, *, at: datetime) -> EntryInput:
    """Read an entry. A plan that does not say as of when it holds does so at `at`. Raises `Malformed`, naming the field."""
    body = Record(payload, "entry")
    found = EntryInput(
        entry_id=clean.text(body.required_text("entry_id"), ENTRY_ID_LENGTH + 1),
        kind=clean.text(body.required_text("kind"), KIND_LENGTH + 1),
        occurred_at=body.required_instant("occurred_at"),
        customer=_person(body.child("customer")),
        data=checked_data(payload.get("data")),
        plan=_plan(body.required_child("plan"), payload["plan"].get("subscribed"), at=at) if body.has("plan") else None,
    )
    for name, value, most in (("entry_id", found.entry_id, ENTRY_ID_LENGTH), ("kind", found.kind, KIND_LENGTH)):
        if not value:
            raise body.complaint(name, "must be text that is not blank")
        if len(value) > most:
            raise body.complaint(name, f"must have at most {most} characters")
    if found.occurred_at - CLOCKS_DIFFER > at:
        raise body.complaint("occurred_at", "must not be in the future")
    return found


def checked_data(data: Any) -> Mapping[str, Any]:
    """What an entry says of what happened, within bounds. Raises `Malformed`."""
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise Malformed("entry: data must be an object")
    if len(orjson.dumps(data)) > DATA_BYTES:
        raise Malformed(f"entry: data must be at most {DATA_BYTES:,} bytes of JSON")
    return data


def page(body: bytes, *, at: datetime) -> Page:
    """Read a feed's page. What cannot be read of it stops no other entry. Raises `Malformed` for what is no page."""
    try:
        told = clean.parse_unchecked(body)
        clean.check({**told, "entries": None} if isinstance(told, dict) else None)
    except clean.Unclean as error:
        raise Malformed(f"page: {error}") from None
    if not isinstance(told, dict) or not isinstance(told.get("entries"), list):
        raise Malformed('page: must be {"entries": [...], "next": "cursor", "more": true}')
    cursor, has_more, given = told.get("next"), told.get("more", False), told["entries"]
    if cursor is not None and not (isinstance(cursor, str) and len(cursor) <= CURSOR_LENGTH):
        raise Malformed(f"page: next must be a text of at most {CURSOR_LENGTH} characters, or null")
    if not isinstance(has_more, bool) or (has_more and not cursor):
        raise Malformed("page: more must be true or false, and true only where next says where")
    if len(given) > MOST_ENTRIES:
        raise Malformed(f"page: entries must be at most {MOST_ENTRIES:,}")
    entries, complaints = [], []
    for number, each in enumerate(given):
        try:
            clean.check(each)
            entries.append(entry(each, at=at))
        except (clean.Unclean, Malformed) as error:
            complaints.append(f"entries[{number}]: {error}")
    return Page(entries, complaints, cursor or "", has_more)


def _person(told: Record) -> PersonInput:
    return PersonInput(**{name: told.text(name) for name in PERSON})


def _plan(told: Record, subscribed: Any, *, at: datetime) -> PlanInput:
    """A table says true and false as words. Raises `Malformed` for another: somebody would be mailed who is not to be."""
    word = told.text("subscribed").lower()
    if word and word not in _TRUTH:
        raise told.complaint("subscribed", "must be true or false")
    return PlanInput(
        told_at=min(told.instant("told_at") or at, at),
        schedule=told.text("schedule") or None,
        box=told.text("box") or None,
        status=told.text("status") or None,
        is_mailed=subscribed if isinstance(subscribed, bool) else _TRUTH.get(word),
        signed_up_at=told.instant("signed_up_at"),
    )
