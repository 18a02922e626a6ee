"""Flagging what stalled: orders and parcels whose time has run out, found by the deadline that the services wrote down.

A batch is one transaction of a dozen statements: its rows are locked, lose their deadline, get their issue and are announced,
or nothing of it happens. Rows that somebody else holds are passed over: another sweeper flags them, or news of the order is
being written at this moment and the next sweep looks again. So a row is read when it is due, once, however many are open.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from integrations import history, inbound
from integrations.models import Merchant
from integrations.statements import Among, insert_new
from tracking import deadlines, facts
from tracking.dossier import Dossier
from tracking.models import Issue, Order, Problem, Shipment

BATCH = 500
"""Rows in one transaction: it holds their orders, and news of them wait meanwhile."""


def sweep(*, at: datetime, seconds: float = math.inf) -> int:
    """Flag everything whose time has run out by `at`, for so many seconds; returns how many issues are new."""
    end = time.monotonic() + seconds
    return sum(_until_done(flag, at, end) for flag in (flag_orders, flag_shipments))


def _until_done(flag: Callable[..., tuple[int, int]], at: datetime, end: float) -> int:
    found = 0
    while time.monotonic() < end:
        taken, new = flag(at=at)
        found += new
        if taken < BATCH:
            break
    return found


@transaction.atomic
def flag_orders(*, at: datetime) -> tuple[int, int]:
    """Flag one batch of orders that were not fulfilled in time; (rows taken, issues that are new)."""
    due = _due(Order, at=at).select_related("customer", "stalled_policy")
    orders = list(due.select_for_update(skip_locked=True, of=("self",))[:BATCH])
    if not orders:
        return 0, 0
    dossiers = _dossiers(orders)
    issues = [_issue(order, None, deadlines.window_of_order(order.policy), at=at) for order in orders]
    _flag(Order, orders, at=at)
    new = insert_new(issues, identity=("order", "problem"), where_null="shipment")
    history.announce(*[facts.IssueFound.of(dossiers[each.order_id], each) for each in new], at=at)
    return len(orders), len(new)


@transaction.atomic
def flag_shipments(*, at: datetime) -> tuple[int, int]:
    """Flag one batch of parcels that were not scanned in time; (rows taken, issues that are new)."""
    due = _due(Shipment, at=at).select_related("order", "order__customer", "order__stalled_policy")
    # The order is locked too, as by all who write parcels: who has the one and waits for the other would wait in a circle.
    shipments = list(due.select_for_update(skip_locked=True, of=("self", "order"))[:BATCH])
    if not shipments:
        return 0, 0
    orders = {each.order_id: each.order for each in shipments}
    dossiers = _dossiers(orders.values())
    issues = []
    for each in shipments:
        each.order = orders[each.order_id]
        issues.append(_issue(each.order, each, deadlines.window_of_shipment(each, each.order), at=at))
    _flag(Shipment, shipments, at=at)
    new = insert_new(issues, identity=("shipment", "problem"))
    found = [facts.IssueFound.of(dossiers[each.order_id], each, each.shipment) for each in new]
    history.announce(*found, at=at)
    return len(shipments), len(new)


def _due(model: type[Any], *, at: datetime) -> Any:
    """Rows whose time has run out, less those of merchants whose messages wait: one of them may tell that something moved."""
    due = model.objects.filter(stalls_at__lte=at).exclude(merchant__in=inbound.behind(at=at))
    return due.order_by("stalls_at")


def _dossiers(orders: Iterable[Order]) -> dict[int, Dossier]:
    """The dossiers of orders, with their merchants as `announce` wants them: four statements."""
    known = list(orders)
    merchants = Merchant.objects.filter(pk__in={each.merchant_id for each in known}).prefetch_related("connections")
    by_key = {each.pk: each for each in merchants}
    for each in known:
        each.merchant = by_key[each.merchant_id]
    return Dossier.of_many(known)


def _flag(model: type[Any], rows: Collection[Any], *, at: datetime) -> None:
    """For good: `stalled_at` is never taken back, and nothing sets a deadline again where it stands."""
    due = model.objects.filter(Among(F("pk"), [each.pk for each in rows]), stalls_at__lte=at)
    due.update(stalled_at=F("stalls_at"), stalls_at=None)


def _issue(order: Order, shipment: Shipment | None, hours: int | None, *, at: datetime) -> Issue:
    due: Any = (shipment or order).stalls_at
    return Issue(
        merchant_id=order.merchant_id,
        problem=Problem.SHIPMENT_STALLED if shipment else Problem.FULFILLMENT_STALLED,
        order=order,
        shipment=shipment,
        occurred_at=due,
        recorded_at=at,
        still_since=shipment.still_since if shipment else order.placed_at,
        window_hours=hours,
    )
