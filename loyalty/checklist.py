"""What is to be done for a loyalty programme before going live."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from integrations import checklist
from integrations.catalog import catalog
from integrations.checklist import Point
from integrations.models import Connection, Merchant
from loyalty import days, stock
from loyalty.metrics import LOYALTY
from loyalty.models import LoyaltyClock, Reward
from loyalty.services import programmes


@checklist.register
def programme(merchant: Merchant, connection: Connection, at: datetime) -> Iterator[Point]:
    """For who has a programme, or wants to tell of one: six statements at most."""
    metrics = {each.key for each in catalog.in_pack(LOYALTY.key)}
    on = len(metrics & {*connection.enabled_metrics})
    newest = programmes.newest(merchant)
    if newest is None and not on:
        return
    begun = programmes.in_force(merchant, at) is not None
    day = f"{newest.effective_at.astimezone(merchant.tz):%Y-%m-%d %H:%M}" if newest else ""
    detail = "" if begun or newest is None else f"The first version comes into force on {day}."
    yield Point("The loyalty programme has rules in force", begun, "loyalty_programme", detail)
    yield Point("Loyalty metrics are on", on > 0, "metrics", f"{on} of {len(metrics)} are on")
    if newest is not None:
        yield _nights(merchant, at)
    yield from _codes(merchant)


def _nights(merchant: Merchant, at: datetime) -> Point:
    done_on = LoyaltyClock.objects.for_merchant(merchant).values_list("done_on", flat=True).get()
    is_done = done_on >= days.local_date(at, merchant.timezone) - days.DAY
    return Point("The nights of the loyalty programme run", is_done, "loyalty", f"Worked through up to {done_on}")


def _codes(merchant: Merchant) -> Iterator[Point]:
    """Where codes come from lists: whether each of these has some."""
    offered = Reward.objects.for_merchant(merchant).filter(codes=Reward.Codes.POOL, retired_at=None)
    found = stock.of(merchant, list(offered.order_by("name", "pk")))
    if found:
        empty = [each.reward.name for each in found if not each.left]
        detail = f"None is left of {', '.join(empty)}." if empty else ""
        yield Point("Every reward with a list of codes has some", not empty, "loyalty", detail)
