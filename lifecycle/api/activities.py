"""The customers' activity log, as clients write to it and read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponseBase

from integrations import customers
from integrations.api import bodies as checked
from integrations.api import bulk, cursors, parameters, rendering
from integrations.api.activity import require_past
from integrations.api.customers import FILTERS as PERSON
from integrations.api.customers import ORDER as BY_TIME
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.problems import Problem
from lifecycle import services
from lifecycle.api import examples, schemas
from lifecycle.api.bodies import NewLogEntry, entry_input
from lifecycle.models import Activity
from lifecycle.models.activity import IN_STATE, KIND_LENGTH, STATES
from lifecycle.services.activities import Recorded

KIND = parameters.text("kind", "Of one kind.", example="failed.payment", longest=KIND_LENGTH)
STATE = parameters.choice("state", "`waiting` to be parsed, `told` or `untold`.", list(STATES))
CUSTOMER = parameters.identifier("customer_id", "Of one shopper.")
TAG = "Activity log"
TOLD = ("entry_id", "kind", "occurred_at", "data", "state", "note", "is_history", "recorded_at", "parsed_at")


class Activities(Endpoint):
    """`/activities`"""

    @operation(
        id="list_activities",
        tag=TAG,
        scope="activities:read",
        summary="List the activity log",
        parameters=(KIND, STATE, CUSTOMER, *PERSON, BY_TIME, parameters.CURSOR, parameters.LIMIT),
        answer=schemas.LoggedActivityPage,
        example={"items": [examples.ENTRY], "next": "AAAGRn…", "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call) -> HttpResponseBase:
        """Entries by their own time, the newest first."""
        values = call.parameters
        found = Activity.objects.for_merchant(call.merchant)
        if values[KIND.name] is not None:
            found = found.filter(kind=values[KIND.name])
        if values[STATE.name] is not None:
            found = found.filter(IN_STATE[values[STATE.name]])
        if values[CUSTOMER.name] is not None:
            found = found.filter(customer=values[CUSTOMER.name])
        person = {each.name: values[each.name] or "" for each in PERSON}
        if any(person.values()):
            found = found.filter(customer__in=customers.matching(call.merchant, **person).values("pk"))
        page = cursors.page_of_queryset(found, values, name="activities", time="occurred_at")
        return rendering.answer(page.as_data(_told))

    @operation(
        id="write_activity",
        tag=TAG,
        scope="activities:write",
        summary="Write an entry to the activity log",
        body=NewLogEntry,
        body_example=examples.NEW_ENTRY,
        answer=schemas.RecordedActivity,
        example=examples.RECORDED,
        status=201,
        also=(200,),
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Keep an entry (201); its event is made a moment later. One whose `entry_id` is known changes nothing of it (200). What
        `plan` says of the customer holds from now on.
        """
        require_past(call, call.body["occurred_at"])
        (done,) = services.record(merchant=call.merchant, entries=[entry_input(call.body, at=call.at)], at=call.at)
        return rendering.answer(_recorded(done), _status(done))


class ActivitiesInBulk(Endpoint):
    """`/activities/bulk`"""

    @operation(
        id="write_activities",
        tag=TAG,
        scope="activities:write",
        summary="Write many entries to the activity log",
        body=bulk.Items,
        body_example={"items": [examples.NEW_ENTRY]},
        answer=bulk.Results,
        example={"failed": 0, "results": [{"index": 0, "status": 201, "item": examples.RECORDED}]},
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Up to 1,000 entries, each as by itself: one that is refused does not stop the others."""
        results: list[dict[str, Any]] = []
        fit: list[tuple[int, Mapping[str, Any]]] = []
        for index, item in enumerate(call.body["items"]):
            try:
                fit.append((index, _checked(call, item)))
            except Problem as problem:
                results.append({"index": index, "status": problem.status, "problem": problem.as_data()})
        entries = [entry_input(values, at=call.at) for _, values in fit]
        done = services.record(merchant=call.merchant, entries=entries, at=call.at)
        results += [
            {"index": index, "status": _status(each), "item": _recorded(each)}
            for (index, _), each in zip(fit, done, strict=True)
        ]
        results.sort(key=lambda each: each["index"])
        return rendering.answer({"failed": len(results) - len(done), "results": results})


def _checked(call: Call, item: Any) -> Mapping[str, Any]:
    """Raises `Problem`."""
    if not isinstance(item, dict):
        raise checked.invalid([{"pointer": "", "detail": "must be a JSON object"}])
    values = checked.check(NewLogEntry, item)
    require_past(call, values["occurred_at"])
    return values


def _status(done: Recorded) -> int:
    return 201 if done.is_new else 200


def _recorded(done: Recorded) -> dict[str, Any]:
    key = None if done.customer is None else str(done.customer.pk)
    return {"entry_id": done.entry_id, "customer_id": key, "is_new": done.is_new}


def _told(row: Activity) -> dict[str, Any]:
    key = None if row.customer_id is None else str(row.customer_id)
    return {"id": str(row.pk), "customer_id": key, **{name: getattr(row, name) for name in TOLD}}
