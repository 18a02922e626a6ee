"""The history: its list, an event with all that became of it, and sending it again."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase

from integrations.api import (
    bulk,
    cursors,
    event_rows,
    examples,
    following,
    parameters,
    problems,
    recording,
    rendering,
    schemas,
)
from integrations.api.cursors import ASCENDING, DESCENDING
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.parameters import Parameter
from integrations.catalog import CUSTOM, catalog
from integrations.delivery import resend
from integrations.models import Delivery, DeliveryAttempt, Event

NAME = "events"


def _pack(given: str) -> str:
    known = [*(pack.key for pack in catalog.packs()), CUSTOM.key]
    if given not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return given


FILTERS: tuple[Parameter, ...] = (
    parameters.text("metric", "Of one metric, by its key.", example="shipment_created", longest=40),
    Parameter(
        name="pack", doc="Of the metrics of one pack.", read=_pack, schema={"type": "string"}, example="order_status"
    ),
    parameters.identifier("customer_id", "Of one shopper."),
    parameters.text("email", "Of the shopper with this e-mail address.", example="ada@example.com"),
    parameters.text("order_number", "Of one order, with or without “#”.", example="#1001", longest=60),
    parameters.text("tracking_number", "Of one parcel.", example="1Z999AA10123456784", longest=80),
    parameters.instant("occurred_after", "Happened at this instant or later."),
    parameters.instant("occurred_before", "Happened before this instant."),
    parameters.instant("recorded_after", "Learnt of at this instant or later."),
    parameters.instant("recorded_before", "Learnt of before this instant."),
    parameters.choice("state", "With a delivery in this state; `failed` is `dead` or `expired`.", event_rows.STATES),
)
ORDER = parameters.choice(
    "order", "By the event's own time: newest first, or oldest first.", (DESCENDING, ASCENDING), default=DESCENDING
)
FIELDS = parameters.fields(event_rows.FIELDS)
LIST = (*FILTERS, ORDER, parameters.CURSOR, following.AFTER, following.WAIT, parameters.LIMIT, FIELDS)
NOT_WHILE_FOLLOWING = ("state", "order", "cursor")


class Events(Endpoint):
    """`/events`"""

    @operation(
        id="list_events",
        tag="Events",
        scope="events:read",
        summary="List events",
        parameters=LIST,
        answer=schemas.EventPage,
        example={"items": [examples.EVENT], "next": "AAAGRn…", "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call) -> HttpResponseBase:
        """Events by their own time, newest first. `next` and `previous` are the cursors of the pages beside this one; a list
        that grows meanwhile neither repeats nor leaves out what was there.

        With `after` events come in the order of their recording, each once, also those whose transaction ends late. Where too
        many requests wait already, the answer comes at once.
        """
        values = call.parameters
        if values["after"] is not None:
            parameters.refuse(values, LIST, NOT_WHILE_FOLLOWING, "cannot be given with after")
            return following.page(call, FILTERS)
        parameters.refuse(values, LIST, ("wait",), "can be given with after only")
        bound = cursors.bound_to(NAME, values)
        place = cursors.decode(values["cursor"], bound) if values["cursor"] else None
        is_ascending = (values["order"] == ASCENDING) != (place is not None and place.is_backwards)
        limit = values["limit"]
        rows = event_rows.page(
            call.merchant, values, place, is_ascending=is_ascending, limit=limit + 1, fields=values["fields"]
        )
        page = cursors.page_of(rows, place, limit, bound, event_rows.place_of)
        return rendering.answer(page.as_data(event_rows.shown))

    @operation(
        id="record_event",
        tag="Events",
        scope="events:write",
        summary="Record an event",
        body=recording.NewEvent,
        body_example=examples.NEW_EVENT,
        answer=schemas.Event,
        example=examples.CUSTOM_EVENT,
        status=201,
        also=(200,),
        problems=("conflict",),
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Record an event of a custom metric (`POST /metrics`), and send it as every other. A `unique_id` that was recorded
        before is the same event: it changes nothing and is answered by 200 with the first one.
        """
        status, told, key = recording.record(call, call.body)
        return rendering.answer(told, status, location=f"/api/v1/events/{key}")


class BulkEvents(Endpoint):
    """`/events/bulk`"""

    @operation(
        id="record_events",
        tag="Events",
        scope="events:write",
        summary="Record many events",
        body=bulk.Items,
        body_example={"items": [examples.NEW_EVENT]},
        answer=bulk.Results,
        example={"failed": 0, "results": [{"index": 0, "status": 201, "item": examples.CUSTOM_EVENT}]},
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Record up to 1,000 events, each as by `POST /events`."""
        return bulk.answer(call, recording.NewEvent, lambda values: recording.record(call, values)[:2])


class EventDetail(Endpoint):
    """`/events/{id}`"""

    @operation(
        id="get_event",
        tag="Events",
        scope="events:read",
        summary="Get an event",
        answer=schemas.EventDetail,
        example=examples.EVENT | {"deliveries": [examples.DELIVERY]},
    )
    def get(self, call: Call, key: int) -> HttpResponseBase:
        """One event with its deliveries, and every request that carried it."""
        row = event_rows.one(call.merchant, key)
        if row is None:
            raise problems.not_found("event")
        return rendering.answer(event_rows.shown(row) | {"deliveries": _deliveries(call, key)})


class ResendEvent(Endpoint):
    """`/events/{id}/resend`"""

    @operation(
        id="resend_event",
        tag="Events",
        scope="events:write",
        summary="Send an event again",
        answer=schemas.Resent,
        example={"resent": 1},
        status=202,
        problems=("conflict",),
    )
    def post(self, call: Call, key: int) -> HttpResponseBase:
        """Line up what failed of an event once more, with the same identity: Klaviyo ignores what it has already."""
        event = Event.objects.for_merchant(call.merchant).filter(pk=key).first()
        if event is None:
            raise problems.not_found("event")
        count = resend.resend_event(event, by=call.caller.actor, at=call.at)
        if not count:
            raise problems.Problem(
                "conflict", "Nothing of it can be sent again: it did not fail, or the connection is paused."
            )
        return rendering.answer({"resent": count}, 202)


def _deliveries(call: Call, key: int) -> list[dict[str, Any]]:
    mine = Delivery.objects.for_merchant(call.merchant).filter(event=key).order_by("pk")
    return [_delivery(each) for each in mine.select_related("bulk_attempt").prefetch_related("attempt_log")]


def _delivery(row: Delivery) -> dict[str, Any]:
    attempts = [*row.attempt_log.all(), *([row.bulk_attempt] if row.bulk_attempt else [])]
    return {
        "id": str(row.pk),
        "connection_id": str(row.connection_id),
        "state": row.state,
        "reason": row.reason,
        "is_backfill": row.is_backfill,
        "created_at": row.created_at,
        "not_before": row.not_before,
        "settled_at": row.settled_at,
        "error": row.error,
        "attempts": [_attempt(each) for each in sorted(attempts, key=lambda each: (each.started_at, each.pk))],
    }


def _attempt(row: DeliveryAttempt) -> dict[str, Any]:
    names = ("started_at", "duration_ms", "status", "outcome", "is_bulk", "error", "request_id")
    return {name: getattr(row, name) for name in names}
