"""Two copies of one happening, the page's and the log's: which of them is told (Kiva Logic warns of telling both).

A copy is withheld at the last look before it is sent (`Metric.told_elsewhere`). Where the page's is the one to be told, the log's
is withheld if the page's is in the history, for the same shopper and about the same time; and a page's that comes when the log's
was accepted already is withheld in its turn. So one of the two is told, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef

from integrations.models import Connection, Delivery, Event
from integrations.statements import Among
from lifecycle.models import ToldBy
from lifecycle.services import rules

SAME_WITHIN = timedelta(hours=1)
"""How far apart, by their own clocks, a page's and the log's copy of one happening may be."""


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
        return self._with_another(connection, self.onsite, self.log, events, is_sent=True)

    def told_onsite(
        self, connection: Connection, events: Mapping[str, Mapping[str, Any]], at: datetime
    ) -> Collection[str]:
        """`Metric.told_elsewhere` of the log's: those of its copies, by their unique_ids, for which the page's stand."""
        told_by = getattr(rules.of(connection.merchant_id), self.rule)
        if told_by == ToldBy.SCRIPT:
            return list(events)
        if told_by == ToldBy.ONSITE and self.onsite in connection.enabled_metrics:
            return self._with_another(connection, self.log, self.onsite, events)
        return []

    def _with_another(
        self, connection: Connection, mine: str, other: str, unique_ids: Iterable[str], *, is_sent: bool = False
    ) -> list[str]:
        """Those of `mine` beside which an event of `other` is told at the connection too, or was accepted there if `is_sent`: two
        statements for any number.
        """
        history = Event.objects.for_merchant(connection.merchant_id)
        rows = list(
            history.filter(metric=mine, unique_id__in=list(unique_ids), customer__isnull=False).values_list(
                "unique_id", "customer_id", "occurred_at"
            )
        )
        if not rows:
            return []
        moments = [occurred_at for *_, occurred_at in rows]
        around = (min(moments) - SAME_WITHIN, max(moments) + SAME_WITHIN)
        others = history.filter(
            Among(F("customer_id"), {customer for _, customer, _ in rows}), metric=other, occurred_at__range=around
        )
        ways = Delivery.objects.for_merchant(connection.merchant_id).filter(connection=connection, event=OuterRef("pk"))
        told_here = ways.filter(state=Delivery.State.SENT) if is_sent else ways.exclude(state=Delivery.State.SKIPPED)
        others = others.filter(Exists(told_here))
        told: dict[int, list[datetime]] = {}
        for customer, occurred_at in others.values_list("customer_id", "occurred_at"):
            if customer is not None:
                told.setdefault(customer, []).append(occurred_at)
        return [
            unique_id
            for unique_id, customer, occurred_at in rows
            if any(abs(each - occurred_at) <= SAME_WITHIN for each in told.get(customer or 0, ()))
        ]


CHECKOUT = Pair("checkout_told_by", onsite="started_checkout", log="log_started_signup")
CANCELLING = Pair("cancelling_told_by", onsite="cancelled_account", log="log_cancelled")
PAIRS = (CHECKOUT, CANCELLING)
