"""Flagging what stalled or is late: orders and parcels whose time has run out, found by the deadline that the services wrote
down.

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
from tracking import deadlines, facts, updates
from tracking.dossier import Dossier
from tracking.models import Issue, Order, Problem, Shipment
from tracking.services import estimates

BATCH = 500
"""Rows in one transaction: it holds their orders, and news of them wait meanwhile."""


def sweep(*, at: datetime, seconds: float = math.inf) -> int:
    """Flag everything whose time has run out by `at`, for so many seconds; returns how much was found that is new."""
    end = time.monotonic() + seconds
    return sum(_until_done(flag, at, end) for flag in (flag_orders, flag_shipments, flag_delays))


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
    due = _due(Order, "stalls_at", at=at).select_related("customer", "stalled_policy")
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
    shipments, dossiers = _due_shipments("stalls_at", at=at)
    issues = [_issue(each.order, each, deadlines.window_of_shipment(each, each.order), at=at) for each in shipments]
    _flag(Shipment, shipments, at=at)
    new = insert_new(issues, identity=("shipment", "problem"))
    found = [facts.IssueFound.of(dossiers[each.order_id], each, each.shipment) for each in new]
    history.announce(*updates.with_updates(found), at=at)
    return len(shipments), len(new)


@transaction.atomic
def flag_delays(*, at: datetime) -> tuple[int, int]:
    """Flag one batch of parcels whose day passed and that did not arrive; (rows taken, how many are late)."""
    shipments, dossiers = _due_shipments("delays_at", at=at)
    _flag(Shipment, shipments, at=at, due="delays_at", flagged="delayed_at")
    due = [(each, each.delays_at) for each in shipments if each.delays_at]
    late = [estimates.told(dossiers[each.order_id], each, updates.DELAYED, at=when) for each, when in due]
    history.announce(*updates.with_updates(late), at=at)
    return len(shipments), len(late)


def _due_shipments(deadline: str, *, at: datetime) -> tuple[list[Shipment], dict[int, Dossier]]:
    """A batch of parcels whose time has run out, and the dossiers of their orders."""
    due = _due(Shipment, deadline, at=at).select_related("order", "order__customer", "order__stalled_policy")
    # The order is locked too, as by all who write parcels: who has the one and waits for the other would wait in a circle.
    shipments = list(due.select_for_update(skip_locked=True, of=("self", "order"))[:BATCH])
    orders = {each.order_id: each.order for each in shipments}
    for each in shipments:
        each.order = orders[each.order_id]
    return shipments, _dossiers(orders.values()) if orders else {}


def _due(model: type[Any], deadline: str, *, at: datetime) -> Any:
    """Rows whose time has run out, less those of merchants whose messages wait: one of them may tell that something moved."""
    due = model.objects.filter(**{f"{deadline}__lte": at}).exclude(merchant__in=inbound.behind(at=at))
    return due.order_by(deadline)


def _dossiers(orders: Iterable[Order]) -> dict[int, Dossier]:
    """The dossiers of orders, with their merchants as `announce` wants them: four statements."""
    known = list(orders)
    merchants = Merchant.objects.filter(pk__in={each.merchant_id for each in known}).prefetch_related("connections")
    by_key = {each.pk: each for each in merchants}
    for each in known:
        each.merchant = by_key[each.merchant_id]
    return Dossier.of_many(known)


def _flag(
    model: type[Any], rows: Collection[Any], *, at: datetime, due: str = "stalls_at", flagged: str = "stalled_at"
) -> None:
    """For good: what was flagged is never taken back, and nothing sets a deadline again where it stands."""
    rows_due = model.objects.filter(Among(F("pk"), [each.pk for each in rows]), **{f"{due}__lte": at})
    rows_due.update(**{flagged: F(due), due: None})


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
