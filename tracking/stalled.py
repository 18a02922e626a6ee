"""Flagging what stalled or is late: orders and parcels whose time has run out, found by the deadline that the services wrote
down.

A batch is one transaction of a dozen statements: its rows are locked, lose their deadline, get their issue and are announced,
or nothing of it happens. Rows that somebody else holds are passed over: another sweeper flags them, or news of the order is
being written at this moment and the next sweep looks again. So a row is read when it is due, once, however many are open.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from integrations import history, inbound
from integrations.models import Merchant
from integrations.statements import Among, insert_new
from tracking import deadlines, facts, updates
from tracking.dossier import Dossier
from tracking.models import Issue, Order, Problem, Shipment
from tracking.page import links
from tracking.services import estimates

BATCH = 500
"""Rows in one transaction: it holds their orders, and news of them wait meanwhile."""

logger = structlog.get_logger(__name__)


class Unflaggable(Exception):
    """A batch that could not be flagged for what one of its rows is; `keys` are those of all its rows."""

    def __init__(self, keys: list[int]) -> None:
        super().__init__(keys)
        self.keys = keys


def sweep(*, at: datetime, seconds: float = math.inf) -> int:
    """Flag everything whose time has run out by `at`, for so many seconds; returns how much was found that is new."""
    end = time.monotonic() + seconds
    return sum(_until_done(flag, at, end) for flag in (flag_orders, flag_shipments, flag_delays))


def _until_done(flag: Callable[..., tuple[int, int]], at: datetime, end: float) -> int:
    """A batch that fails is halved until the row is alone for which it fails; the others are flagged without it."""
    found, most = 0, BATCH
    broken: list[int] = []
    while time.monotonic() < end:
        try:
            taken, new = flag(at=at, most=most, without=broken)
        except Unflaggable as error:
            if len(error.keys) == 1:
                logger.exception("stalled.unflaggable", what=flag.__name__, key=error.keys[0])
                broken += error.keys
            most = max(1, len(error.keys) // 2) if len(error.keys) > 1 else BATCH
            continue
        found += new
        if taken < most:
            break
        most = BATCH
    return found


@transaction.atomic
def flag_orders(*, at: datetime, most: int = BATCH, without: Collection[int] = ()) -> tuple[int, int]:
    """Flag one batch of orders that were not fulfilled in time; (rows taken, issues that are new). Raises `Unflaggable`."""
    due = _due(Order, "stalls_at", without, at=at).select_related("customer", "stalled_policy")
    orders = list(due.select_for_update(skip_locked=True, of=("self",))[:most])
    if not orders:
        return 0, 0
    with _naming(orders):
        dossiers = _dossiers(orders)
        issues = [_issue(order, None, deadlines.window_of_order(order.policy), at=at) for order in orders]
        _flag(Order, orders, at=at)
        new = insert_new(issues, identity=("order", "problem"), where_null="shipment")
        history.announce(*[facts.IssueFound.of(dossiers[each.order_id], each) for each in new], at=at)
    return len(orders), len(new)


@transaction.atomic
def flag_shipments(*, at: datetime, most: int = BATCH, without: Collection[int] = ()) -> tuple[int, int]:
    """Flag one batch of parcels that were not scanned in time; (rows taken, issues that are new). Raises `Unflaggable`."""
    shipments = _due_shipments("stalls_at", most, without, at=at)
    if not shipments:
        return 0, 0
    with _naming(shipments):
        dossiers = _dossiers({each.order_id: each.order for each in shipments}.values())
        issues = [_issue(each.order, each, deadlines.window_of_shipment(each, each.order), at=at) for each in shipments]
        _flag(Shipment, shipments, at=at)
        new = insert_new(issues, identity=("shipment", "problem"))
        found = [facts.IssueFound.of(dossiers[each.order_id], each, each.shipment) for each in new]
        history.announce(*updates.with_updates(found), at=at)
    return len(shipments), len(new)


@transaction.atomic
def flag_delays(*, at: datetime, most: int = BATCH, without: Collection[int] = ()) -> tuple[int, int]:
    """Flag one batch of parcels whose day passed and that did not arrive; (rows taken, how many). Raises `Unflaggable`."""
    shipments = _due_shipments("delays_at", most, without, at=at)
    if not shipments:
        return 0, 0
    with _naming(shipments):
        dossiers = _dossiers({each.order_id: each.order for each in shipments}.values())
        _flag(Shipment, shipments, at=at, due="delays_at", flagged="delayed_at")
        due = [(each, each.delays_at) for each in shipments if each.delays_at]
        late = [estimates.told(dossiers[each.order_id], each, updates.DELAYED, at=when) for each, when in due]
        history.announce(*updates.with_updates(late), at=at)
    return len(shipments), len(late)


@contextmanager
def _naming(rows: Collection[Any]) -> Iterator[None]:
    """What goes wrong here goes wrong for one of the rows, unless the database itself is away."""
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        raise Unflaggable([each.pk for each in rows]) from error


def _due_shipments(deadline: str, most: int, without: Collection[int], *, at: datetime) -> list[Shipment]:
    """A batch of parcels whose time has run out; those of one order share its object."""
    due = _due(Shipment, deadline, without, at=at).select_related("order", "order__customer", "order__stalled_policy")
    # The order is locked too, as by all who write parcels: who has the one and waits for the other would wait in a circle.
    shipments = list(due.select_for_update(skip_locked=True, of=("self", "order"))[:most])
    orders = {each.order_id: each.order for each in shipments}
    for each in shipments:
        each.order = orders[each.order_id]
    return shipments


def _due(model: type[Any], deadline: str, without: Collection[int], *, at: datetime) -> Any:
    """Rows whose time has run out, less those of merchants whose messages wait: one of them may tell that something moved."""
    due = model.objects.filter(**{f"{deadline}__lte": at}).exclude(merchant__in=inbound.behind(at=at))
    return (due.exclude(pk__in=without) if without else due).order_by(deadline)


def _dossiers(orders: Iterable[Order]) -> dict[int, Dossier]:
    """The dossiers of orders, with their merchants as `announce` wants them: four statements."""
    known = list(orders)
    merchants = Merchant.objects.filter(pk__in={each.merchant_id for each in known}).prefetch_related("connections")
    by_key = {each.pk: each for each in merchants}
    for each in known:
        each.merchant = by_key[each.merchant_id]
    links.ensure(known)
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
