"""What the daily list says of orders and parcels: those that stalled and still stand still."""

from __future__ import annotations

from datetime import datetime

from integrations import daily_list
from integrations.daily_list import Row, Standing
from integrations.models import Merchant
from tracking.models import Issue, Problem

WORDS = {Problem.FULFILLMENT_STALLED: "not fulfilled", Problem.SHIPMENT_STALLED: "not scanned"}
"""The problems that are listed, in a few words."""


@daily_list.register
def stalled(merchant: Merchant, at: datetime, most: int) -> Standing:
    """Open issues of what stalled, by since when nothing has happened. Two statements."""
    found = Issue.objects.for_merchant(merchant).open(at=at).filter(problem__in=WORDS)
    first = found.select_related("order", "shipment").order_by("still_since", "pk")[:most]
    return Standing([_row(each) for each in first], found.count())


def _row(issue: Issue) -> Row:
    return Row(
        problem=issue.problem,
        what=WORDS[Problem(issue.problem)],
        order_number=issue.order.number,
        since=issue.still_since or issue.occurred_at,
        tracking_number=str(issue.shipment or ""),
    )
