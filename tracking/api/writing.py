"""Writing what clients tell: by the services of every source. What stands there then is told, with the status of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from integrations import erasure
from integrations.api import bodies as checked
from integrations.api import problems
from integrations.api.endpoint import Call
from integrations.api.problems import Problem
from integrations.models import Merchant
from integrations.sources import Handled
from tracking import services
from tracking.api import bodies, rows
from tracking.models import OrderLine

Told = Mapping[str, Any]
Written = tuple[int, dict[str, Any]]
"""Status and body of the answer."""


def merchant_of(call: Call) -> Merchant:
    """Whose data is written, as a worker holds it: with the connections of this moment. Two statements."""
    return Merchant.objects.prefetch_related("connections").get(pk=call.merchant.pk)


def location_of(what: str, written: Written) -> str:
    """The address of what was made, in the list `what`; "" where it was there."""
    status, told = written
    return f"/api/v1/{what}/{quote(told['external_id'], safe='')}" if status == 201 else ""


def answer(handled: Handled, told: dict[str, Any]) -> Written:
    """What stands there now, with the keys of the events that came of it: 201 where it is new."""
    return 201 if handled.is_new else 200, told | {"event_ids": [str(key) for key in handled.event_ids]}


def order(merchant: Merchant, told: Told, *, at: datetime) -> Written:
    """Take in an order."""
    handled = services.ingest_order(merchant=merchant, order=bodies.order_input(told, at=at), at=at)
    return _order(merchant, told["external_id"], handled, at=at)


def cancellation(merchant: Merchant, external_id: str, told: Told, *, at: datetime) -> Written:
    """Cancel an order. Raises `Problem`."""
    handled = services.cancel_order(
        merchant=merchant,
        order_external_id=external_id,
        cancelled_at=told["cancelled_at"] or at,
        reason=told["cancel_reason"],
        at=at,
    )
    return _order(merchant, external_id, handled, at=at)


def billing(merchant: Merchant, external_id: str, told: Told, *, at: datetime) -> Written:
    """Let an order be worked on. Raises `Problem`."""
    billed_at = told["billed_at"] or at
    try:
        handled = services.bill_order(merchant=merchant, order_external_id=external_id, billed_at=billed_at, at=at)
    except services.Contradiction as error:
        raise Problem("conflict", str(error)) from None
    return _order(merchant, external_id, handled, at=at)


def completion(merchant: Merchant, external_id: str, told: Told, *, at: datetime) -> Written:
    """Note that an order is completed. Raises `Problem`."""
    when = told["completed_at"] or at
    try:
        handled = services.complete_order(merchant=merchant, order_external_id=external_id, completed_at=when, at=at)
    except services.Contradiction as error:
        raise Problem("conflict", str(error)) from None
    return _order(merchant, external_id, handled, at=at)


def fulfilment(merchant: Merchant, order_external_id: str, told: Told, *, at: datetime) -> Written:
    """Take in a parcel of an order that the address names. Raises `Problem`."""
    written = _shipment(merchant, order_external_id, told, at=at)
    if written is None:
        raise problems.not_found("order")
    return written


def shipment(merchant: Merchant, told: Told, *, at: datetime) -> Written:
    """Take in a parcel of an order that it names itself. Raises `Problem`."""
    written = _shipment(merchant, told["order_external_id"], told, at=at)
    if written is None:
        detail = "must be the id of an order that is known: tell of the order first"
        raise checked.invalid([{"pointer": "/order_external_id", "detail": detail}])
    return written


def scans(merchant: Merchant, external_id: str, told: Told, *, at: datetime) -> Written:
    """Take in scans of a parcel. Raises `Problem`."""
    given = [bodies.scan_input(each) for each in told["scans"]]
    handled = services.ingest_scans(merchant=merchant, shipment_external_id=external_id, scans=given, at=at)
    erasure.keep_erased(merchant, handled.customer_id, at=at)
    row = rows.shipment_of(merchant, external_id)
    if handled.waits_for or row is None:
        raise problems.not_found("shipment")
    return 200, answer(handled, rows.shipment(row))[1]


def _order(merchant: Merchant, external_id: str, handled: Handled, *, at: datetime) -> Written:
    erasure.keep_erased(merchant, handled.customer_id, at=at)
    row = rows.order_of(merchant, external_id)
    if handled.waits_for or row is None:
        raise problems.not_found("order")
    return answer(handled, rows.order(row))


def _shipment(merchant: Merchant, order_external_id: str, told: Told, *, at: datetime) -> Written | None:
    """None where there is no such order."""
    given = bodies.fulfillment_input(told, order_external_id=order_external_id, at=at)
    try:
        handled = services.ingest_shipment(merchant=merchant, fulfillment=given, at=at)
    except services.Contradiction as error:
        raise Problem("conflict", str(error)) from None
    erasure.keep_erased(merchant, handled.customer_id, at=at)
    row = rows.shipment_of(merchant, given.external_id)
    if handled.waits_for or row is None:
        return None
    _require_lines(merchant, row.order_id, told["items"])
    return answer(handled, rows.shipment(row))


def _require_lines(merchant: Merchant, order_key: int, items: list[Told]) -> None:
    """Raises `Problem` where something is in a parcel that is no line of its order."""
    if not items:
        return
    lines = OrderLine.objects.for_merchant(merchant).filter(order=order_key)
    known = list(lines.order_by("position", "pk").values_list("external_id", flat=True))
    detail = f"must be a line of the order: {', '.join(known[:20]) or 'it has none'}"
    errors = [
        {"pointer": f"/items/{number}/line_external_id", "detail": detail}
        for number, item in enumerate(items)
        if item["line_external_id"] not in known
    ]
    if errors:
        raise checked.invalid(errors)
