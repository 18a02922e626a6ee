"""The first of the log's two steps, *parse*: entries become events that wait to be sent. The second, *run*, is delivery's.

It is done batch by batch, each in a transaction of its own, by whoever comes first: the events of an entry have the entry's
identity, so that nothing becomes two events however often it is parsed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from integrations import clean, custom_metrics, history
from integrations.catalog import Fact, Reported
from integrations.models import Customer, CustomMetric, Merchant
from integrations.statements import CHUNK, Among
from lifecycle import kinds
from lifecycle.log_facts import ActivityLogged, amount_of, identity_of, subject_of
from lifecycle.models import Activity
from lifecycle.models.activity import NOTE_LENGTH
from lifecycle.services import suppression
from tracking.reading import Record

UNWANTED = "no metric is made of entries of this kind"
OFF = "its metric is turned off"
UNKNOWN = "it names nobody who is known"
ERASED = "its customer was erased"


@dataclass(frozen=True, slots=True)
class Parsed:
    """How many entries were looked at, and how many new events came of them."""

    entries: int
    events: int


def parse(*, merchant: Merchant, is_history: bool, at: datetime, most: int = CHUNK) -> Parsed:
    """Look at the oldest entries that wait, and announce what they tell. A fixed number of statements, whatever their number.

    Entries that another worker has in hands are left to it. One whose metric is off, or of a kind that nobody wants, tells
    nothing and stays in the log with a note of it.
    """
    with transaction.atomic():
        mine = Activity.objects.for_merchant(merchant)
        waiting = (
            mine.filter(parsed_at=None, is_history=is_history).select_related("customer__merged_into").order_by("pk")
        )
        rows = list(waiting.select_for_update(skip_locked=True, of=("self",))[:most])
        if not rows:
            return Parsed(0, 0)
        _follow_merges(merchant, rows)
        whose = {row.customer_id: row.customer for row in rows if row.customer is not None}
        suppression.check(merchant, list(whose.values()), at=at)
        parser = _Parser(merchant, rows)
        looked_at = [(row, *parser.look_at(row)) for row in rows]
        events = history.announce(*(fact for _, fact, _ in looked_at if fact is not None), at=at)
        notes: dict[str, list[int]] = {}
        for row, _, note in looked_at:
            notes.setdefault(clean.text(note, NOTE_LENGTH), []).append(row.pk)
        for note, keys in notes.items():
            mine.filter(Among(F("pk"), keys)).update(parsed_at=at, note=note)
    return Parsed(len(rows), len(events))


def _follow_merges(merchant: Merchant, rows: Sequence[Activity]) -> None:
    """Of entries that were recorded in the very moment of a merge, which did not see them: they are who is kept's."""
    for row in rows:
        if row.customer is not None and row.customer.merged_into is not None:
            row.customer = row.customer.merged_into
            Activity.objects.for_merchant(merchant).filter(pk=row.pk).update(customer=row.customer)


class _Parser:
    """What a merchant makes of entries: its metrics, and which of them are on."""

    def __init__(self, merchant: Merchant, rows: Sequence[Activity]) -> None:
        self._merchant = merchant
        self._on = {key for connection in merchant.connections.all() for key in connection.enabled_metrics}
        others = {row.kind for row in rows} - kinds.METRICS.keys()
        self._custom: Mapping[str, CustomMetric] = {}
        if others:
            own = list(CustomMetric.objects.for_merchant(merchant).order_by("key"))
            self._custom = {row.name: row for row in own} | {row.key: row for row in own}

    def look_at(self, row: Activity) -> tuple[Fact | None, str]:
        """What an entry tells; else None and why it tells nothing."""
        custom = self._custom.get(row.kind)
        key = custom.key if custom else kinds.METRICS.get(row.kind)
        if key is None:
            return None, UNWANTED
        if row.customer is None:
            return None, UNKNOWN
        if row.customer.status == Customer.Status.ERASED:
            return None, ERASED
        if key not in self._on:
            return None, OFF
        return self._reported(custom, row, row.customer) if custom else (self._logged(row, row.customer), "")

    def _logged(self, row: Activity, customer: Customer) -> Fact:
        data = Record(row.data, "entry")
        return ActivityLogged(
            merchant=self._merchant,
            customer=customer,
            subject=subject_of(customer),
            subject_at=row.occurred_at,
            order_number=clean.text(data.text("OrderNumber"), 60),
            tracking_number=clean.text(data.text("TrackingNumber"), 80),
            is_history=row.is_history,
            activity=row,
        )

    def _reported(self, metric: CustomMetric, row: Activity, customer: Customer) -> tuple[Fact | None, str]:
        """The event of a kind that the merchant declared; what its declaration does not name is left out."""
        declared = {each["name"] for each in metric.properties}
        properties = {name: value for name, value in row.data.items() if name in declared}
        for name, objection in custom_metrics.objections(metric, properties):
            return None, f"{name or 'data'} {objection}"
        return (
            Reported(
                merchant=self._merchant,
                customer=customer,
                subject=subject_of(customer),
                subject_at=row.occurred_at,
                is_history=row.is_history,
                metric=custom_metrics.as_metric(metric),
                unique_id=identity_of(row),
                occurred_at=row.occurred_at,
                properties=properties,
                value=amount_of(row, self._merchant),
            ),
            "",
        )
