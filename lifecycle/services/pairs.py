"""Two copies of one happening, the page's and the log's: which of them is told (Kiva Logic warns of telling both).

A copy is withheld at the last look before it is sent (`Metric.told_elsewhere`). Where the page's is the one to be told, the log's
is withheld if the page's is told or will be, for the same shopper and about the same time; and a page's that comes when the
log's was accepted already, or is on its way, is withheld in its turn. So one of the two is told, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import F, QuerySet

from integrations.models import Connection, Delivery, Event
from integrations.statements import Among
from lifecycle.models import ToldBy
from lifecycle.services import rules

SAME_WITHIN = timedelta(hours=1)
"""How far apart, by their own clocks, a page's and the log's copy of one happening may be."""

State = Delivery.State


class Copy(NamedTuple):
    """One copy on its way to a connection. `tried_at` is when it was first claimed to be sent, None where it was not yet."""

    unique_id: str
    customer_id: int
    occurred_at: datetime
    state: Delivery.State
    tried_at: datetime | None

    def is_same_as(self, other: Copy) -> bool:
        """Whether both may tell of one happening."""
        is_near = abs(self.occurred_at - other.occurred_at) <= SAME_WITHIN
        return is_near and self.customer_id == other.customer_id

    def set_out_before(self, other: Copy) -> bool:
        """Whether it was tried when the other was not: it may have arrived, and if it did not it is tried again."""
        return self.tried_at is not None and other.tried_at is not None and self.tried_at < other.tried_at


def _stands_for_pages(log: Copy, page: Copy) -> bool:
    """Whether a log's copy is told so that the page's need not be."""
    return log.state == State.SENT or (log.state in (State.PENDING, State.SENDING) and log.set_out_before(page))


def _stands_for_logs(page: Copy, log: Copy) -> bool:
    """Whether a page's copy is told, or will be, so that the log's need not be: not if it is withheld itself."""
    if page.state in (State.SKIPPED, State.DEAD):
        return False
    return page.state == State.SENT or not log.set_out_before(page)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two metrics that tell the same, by their keys, and the field of `LifecycleRules` that says which of them is told."""

    rule: str
    onsite: str
    log: str

    def told_by_log(
        self, connection: Connection, events: Mapping[str, Mapping[str, Any]], at: datetime
    ) -> Collection[str]:
        """`Metric.told_elsewhere` of the page's: those of its copies, by their unique_ids, for which the log's stand."""
        told_by = getattr(rules.of(connection.merchant_id), self.rule)
        if told_by == ToldBy.LOG:
            return list(events) if self.log in connection.enabled_metrics else []
        if told_by == ToldBy.SCRIPT:
            return list(events)
        if told_by == ToldBy.BOTH:
            return []
        return _stood_for(connection, self.onsite, self.log, events, _stands_for_pages)

    def told_onsite(
        self, connection: Connection, events: Mapping[str, Mapping[str, Any]], at: datetime
    ) -> Collection[str]:
        """`Metric.told_elsewhere` of the log's: those of its copies, by their unique_ids, for which the page's stand."""
        told_by = getattr(rules.of(connection.merchant_id), self.rule)
        if told_by == ToldBy.SCRIPT:
            return list(events)
        if told_by == ToldBy.ONSITE and self.onsite in connection.enabled_metrics:
            return _stood_for(connection, self.log, self.onsite, events, _stands_for_logs)
        return []


def _stood_for(
    connection: Connection, mine: str, other: str, unique_ids: Iterable[str], stands: Callable[[Copy, Copy], bool]
) -> list[str]:
    """Those of `mine` beside which there is an event of `other` that stands for them: two statements for any number."""
    history = Event.objects.for_merchant(connection.merchant_id).filter(deliveries__connection=connection)
    copies = _copies(history.filter(metric=mine, unique_id__in=list(unique_ids), customer__isnull=False))
    if not copies:
        return []
    moments = [each.occurred_at for each in copies]
    around = (min(moments) - SAME_WITHIN, max(moments) + SAME_WITHIN)
    customers = {each.customer_id for each in copies}
    others: dict[int, list[Copy]] = {}
    for each in _copies(history.filter(Among(F("customer_id"), customers), metric=other, occurred_at__range=around)):
        others.setdefault(each.customer_id, []).append(each)
    return [
        copy.unique_id
        for copy in copies
        if any(copy.is_same_as(each) and stands(each, copy) for each in others.get(copy.customer_id, ()))
    ]


def _copies(events: QuerySet[Event]) -> list[Copy]:
    columns = ("unique_id", "customer_id", "occurred_at", "deliveries__state", "deliveries__first_attempt_at")
    return [Copy(*row) for row in events.values_list(*columns)]


CHECKOUT = Pair("checkout_told_by", onsite="started_checkout", log="log_started_signup")
CANCELLING = Pair("cancelling_told_by", onsite="cancelled_account", log="log_cancelled")
PAIRS = (CHECKOUT, CANCELLING)
