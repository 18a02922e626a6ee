"""Following the history: events in the order of their recording, each once, with a wait for the next."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from django.http import HttpResponseBase

from integrations import feed
from integrations.api import cursors, event_rows, parameters, rendering
from integrations.api.cursors import Place
from integrations.api.endpoint import Call
from integrations.api.event_rows import Row
from integrations.api.slots import Slot

NAME = "events in the order of recording"
START, NOW = "start", "now"
LOOK_EVERY = 0.5
"""Seconds between two looks while a request waits. No transaction is open meanwhile."""

BUSY_SECONDS = 5
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

AFTER = parameters.text(
    "after",
    f"Follow the history in the order of recording: `{START}`, `{NOW}`, or `next` of the answer before. "
    "`next` is always there then, also when nothing is new; filters stay the same, and `state`, `order` and `cursor` do not "
    "go with it.",
    example=None,
    longest=200,
)
WAIT = parameters.integer(
    "wait", "With `after`: how many seconds to wait for something new.", least=0, most=30, default=0
)


def page(call: Call, filters: tuple[parameters.Parameter, ...]) -> HttpResponseBase:
    """What was recorded after the cursor. Raises `Problem` for a cursor of other filters."""
    values = call.parameters
    bound = cursors.bound_to(NAME, {each.name: values[each.name] for each in filters})
    after = _key(values["after"], bound)
    slot = Slot() if values["wait"] else None
    try:
        rows, until = _wait(call, after, values["wait"] if slot is not None and slot.is_mine else 0)
        is_busy = slot is not None and not slot.is_mine
    finally:
        if slot is not None:
            slot.give_back()
    last = rows[-1][1] if len(rows) == values["limit"] else max(after, until)
    response = rendering.answer(
        {
            "items": [event_rows.shown(row) for row in rows],
            "next": cursors.encode(Place(_NO_TIME, last), bound),
            "previous": None,
        }
    )
    if is_busy:
        response.headers["Retry-After"] = str(BUSY_SECONDS)
    return response


def _key(after: str, bound: bytes) -> int:
    if after == START:
        return 0
    return feed.settled_until() if after == NOW else cursors.decode(after, bound, name="after").key


def _wait(call: Call, after: int, seconds: float) -> tuple[list[Row], int]:
    """The rows, as soon as there are any, and until where the history was settled."""
    end = time.monotonic() + seconds
    while True:
        rows, until = _look(call, after)
        left = end - time.monotonic()
        if rows or left <= 0:
            return rows, until
        time.sleep(min(LOOK_EVERY, left))


def _look(call: Call, after: int) -> tuple[list[Row], int]:
    values = call.parameters
    until = feed.settled_until()
    if until <= after:
        return [], until
    rows = event_rows.recorded(
        call.merchant, values, after=after, until=until, limit=values["limit"], fields=values["fields"]
    )
    return rows, until
