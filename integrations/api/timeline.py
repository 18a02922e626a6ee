"""Why, or why not, as data."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase

from integrations import timeline
from integrations.api import examples, parameters, rendering, schemas
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.problems import Problem
from integrations.timeline import About, Entry

MEANT = (
    parameters.text("order_number", "Of one order, with or without “#”.", example="#1001", longest=60),
    parameters.text("tracking_number", "Of one parcel's order.", example="1Z999AA10123456784", longest=80),
    parameters.identifier("customer_id", "Of one shopper, with the newest of their orders."),
)


class Timeline(Endpoint):
    """`/timeline`"""

    @operation(
        id="get_timeline",
        tag="Sending",
        scope="events:read",
        summary="Get a timeline",
        parameters=MEANT,
        answer=schemas.TimelineEntryPage,
        example={"items": examples.TIMELINE, "next": None, "previous": None},
    )
    def get(self, call: Call) -> HttpResponseBase:
        """Everything that is known of an order, a parcel or a shopper, oldest first: what came in, what was recorded, what became
        of it, and why something was not told or not sent. Exactly one parameter says which. The newest 300 messages and events
        are there, as one page.
        """
        entries = timeline.tell(call.merchant, _about(call))
        return rendering.answer({"items": [_told(each) for each in entries], "next": None, "previous": None})


def _about(call: Call) -> About:
    given = {name: value for name, value in call.parameters.items() if value is not None}
    if len(given) != 1:
        names = ", ".join(each.name for each in MEANT)
        raise Problem("invalid_parameter", f"Give exactly one of {names}.")
    match given:
        case {"order_number": number}:
            return timeline.about_order(number)
        case {"tracking_number": number}:
            return timeline.about_parcel(call.merchant, number)
        case _:
            return timeline.about_customers(call.merchant, [given["customer_id"]])


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "kind": entry.kind,
        "title": entry.title,
        "detail": entry.detail,
        "about": entry.about,
        "answer": entry.answer,
        "event_id": str(entry.event) if entry.event else None,
        "reason": entry.reason,
    }
