"""A return's way through its statuses, and the steps that the public services are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from integrations import history
from integrations.catalog import Fact
from returns import stages
from returns.case import Case
from returns.facts import OF_STATUS, ReturnCreated, ReturnItemCreated
from returns.models import Return, ReturnItem

WARNING = timedelta(days=3)
"""How long before a return may not be sent any more its shopper is told."""


def reach(row: Return, reached: Mapping[str, datetime]) -> list[str]:
    """Note statuses with their instants, and return those that are new. What was told first stays. The caller saves."""
    new = [status for status in reached if getattr(row, f"{status}_at") is None]
    for status in new:
        setattr(row, f"{status}_at", reached[status])
    return new


def reopen(row: Return, when: datetime) -> bool:
    """It has not ended after all: what ended it before `when` is taken back; whether anything was. The caller saves."""
    ended = [each for each in stages.ENDS if (at := getattr(row, f"{each}_at")) is not None and at < when]
    for each in ended:
        setattr(row, f"{each}_at", None)
    return bool(ended)


def save(row: Return) -> None:
    """Write the return, with what follows from its instants."""
    row.status = stages.stage_of(vars(row))
    is_awaited = row.completed_at is not None and row.status in stages.AWAITED and row.warned_at is None
    row.warns_at = row.expires_at - WARNING if row.expires_at and is_awaited else None
    row.save()


def all_that_happened(case: Case) -> list[Fact]:
    """Everything that a return tells of when it is complete."""
    created: list[Fact] = [ReturnCreated.of(case, case.row.created_at)]
    return [*created, *about_items(case, case.items), *about_statuses(case, stages.REACHABLE)]


def about_items(case: Case, items: Sequence[ReturnItem]) -> list[Fact]:
    """The facts of items. They happen with the return."""
    return [ReturnItemCreated.of(case, case.row.created_at, item=each) for each in items]


def about_statuses(case: Case, statuses: Sequence[str]) -> list[Fact]:
    """The facts of those statuses that the return has reached and that are told of."""
    reached = {each: getattr(case.row, f"{each}_at") for each in statuses if each in OF_STATUS}
    return [OF_STATUS[status].of(case, when) for status, when in reached.items() if when is not None]


def announce(case: Case, happened: Sequence[Fact], *, at: datetime) -> tuple[int, ...]:
    """Record what happened; returns the keys of the events that are new. What is sent back of a test order was never sent."""
    if not happened or case.known_order.is_test:
        return ()
    return tuple(event.pk for event in history.announce(*happened, at=at))


def about(case: Case) -> dict[str, Any]:
    """Whom and what a handled message was about."""
    return {"reference": case.row.order_number or case.row.external_id, "customer_id": case.row.customer_id}


def note(case: Case, done: str) -> str:
    """What was done, and what is waited for."""
    waits = {"order": f"; it waits for its order {case.row.order_external_id or case.row.order_number}"}
    waits["items"] = "; it waits for its items"
    return f"return {case.row.external_id} {done}{waits.get(case.row.waits_for, '')}"
