"""The activity log as it comes in: the only writer of Activity rows, but for what parsing notes on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from integrations import customers_many, wake
from integrations.models import Customer, Merchant
from integrations.sources import Handled
from integrations.statements import CHUNK, insert_new
from lifecycle import kinds
from lifecycle.inputs import EntryInput, PlanInput
from lifecycle.models import Activity
from lifecycle.services.plans import tell_plans

READ_LOG = wake.register("read_log", "lifecycle.tasks.read_log")
"""The tick that parses what was recorded."""

AT_ONCE = 50
"""Rows that one statement updates, each with values of its own: what it costs grows with their square."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an entry. `customer` is None where nobody is known by what it says; `is_new`: it was not known before."""

    entry_id: str
    customer: Customer | None
    is_new: bool


def record(
    *, merchant: Merchant, entries: Sequence[EntryInput], at: datetime, history_until: datetime | None = None
) -> list[Recorded]:
    """Keep entries of the log, and what their customers have now; a tick parses them. What became of each, in their order.

    What was told first of an entry stays, but for whom it is about where nobody was known by it. Those of before
    `history_until` are of a past that a sync goes through. A few statements for each 500, however many they are.
    """
    with transaction.atomic():
        return [
            told
            for start in range(0, len(entries), CHUNK)
            for told in _record(merchant, entries[start : start + CHUNK], history_until, at=at)
        ]


def record_one(*, merchant: Merchant, entry: EntryInput, at: datetime) -> Handled:
    """The same of one entry, as the handling of a message."""
    (told,) = record(merchant=merchant, entries=[entry], at=at)
    whose = f"customer {told.customer.pk}" if told.customer else "nobody who is known"
    note = f"entry {entry.entry_id} of {whose} is recorded" if told.is_new else f"entry {entry.entry_id} was known"
    key = told.customer.pk if told.customer else None
    return Handled(note, reference=entry.entry_id, customer_id=key, is_new=told.is_new)


def _record(
    merchant: Merchant, entries: Sequence[EntryInput], history_until: datetime | None, *, at: datetime
) -> list[Recorded]:
    people = customers_many.resolve_all(merchant, [entry.customer for entry in entries], at=at)
    rows = [
        Activity(
            merchant=merchant,
            customer=customer,
            entry_id=entry.entry_id,
            kind=entry.kind,
            occurred_at=entry.occurred_at.replace(microsecond=0),
            data={} if customer is not None and customer.status == Customer.Status.ERASED else dict(entry.data),
            is_history=history_until is not None and entry.occurred_at < history_until,
            recorded_at=at,
        )
        for entry, customer in zip(entries, people, strict=True)
    ]
    new = {id(row) for row in insert_new(rows, identity=("merchant", "entry_id"))}
    _name(merchant, [row for row in rows if id(row) not in new and row.customer is not None])
    told = [(whose, _plan_of(entry)) for whose, entry in zip(people, entries, strict=True) if whose]
    tell_plans(merchant=merchant, plans=told, at=at)
    if new:
        wake.after_commit(READ_LOG)
    return [Recorded(row.entry_id, row.customer, id(row) in new) for row in rows]


def _name(merchant: Merchant, retold: Sequence[Activity]) -> None:
    """Whom entries are about that named nobody who was known, and now do: they are looked at anew."""
    by_id = {row.entry_id: row for row in retold}
    mine = Activity.objects.for_merchant(merchant)
    nameless = list(mine.filter(customer=None, entry_id__in=list(by_id)).select_for_update()) if by_id else []
    for row in nameless:
        again = by_id[row.entry_id]
        row.customer, row.is_history, row.parsed_at, row.note = again.customer, again.is_history, None, ""
        row.data = again.data and row.data
    if nameless:
        mine.bulk_update(nameless, ["customer", "is_history", "parsed_at", "note", "data"], batch_size=AT_ONCE)
        wake.after_commit(READ_LOG)


def _plan_of(entry: EntryInput) -> PlanInput:
    """What the entry says of its customer's subscription, a sign-up that was begun among it."""
    plan = entry.plan or PlanInput(entry.occurred_at)
    return replace(plan, started_at=entry.occurred_at) if entry.kind == kinds.STARTED_SIGNUP else plan
