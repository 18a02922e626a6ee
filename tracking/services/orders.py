"""Taking in orders, and moving them through Whiplash's four states."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Greatest

from integrations import clean, customers, history, inbound, locking
from integrations.catalog import Fact
from integrations.models import Customer, Merchant
from integrations.sources import Handled
from tracking import arrivals, deadlines, facts, following
from tracking.dossier import Dossier
from tracking.inputs import LineInput, OrderInput, RefundInput
from tracking.models import Order, OrderLine
from tracking.page import links
from tracking.services import parcels, policies, progress
from tracking.services.contradiction import Contradiction

LINES_AT_ONCE = 50
"""Lines that one statement updates: what it costs grows with their square."""


def ingest_order(*, merchant: Merchant, order: OrderInput, at: datetime) -> Handled:
    """An order as a source knows it now, however old the news is: rows that are newer stay as they are."""
    mine = Order.objects.for_merchant(merchant).select_for_update(of=("self",))
    row, is_new = mine.select_related("stalled_policy", "customer").get_or_create(
        merchant=merchant,
        external_id=order.external_id,
        defaults=_values(order) | {"recorded_at": at} | _judged(merchant, order),
    )
    locking.with_customer(row).merchant = merchant
    is_news = is_new or order.updated_at >= row.source_updated_at
    was_anonymous = row.customer_id is None
    if is_news and not is_new:
        progress.update(row, _values(order))
    if (is_news or row.customer_id is None) and not _is_erased(row.customer):
        person, owner = order.person, row.customer
        customer = customers.resolve(merchant, person, at=at, acted_at=order.created_at, owner=owner)
        _identify(row, customer, at=at)
    dossier = Dossier.of(row) if not is_new else Dossier(row, [], [])
    if is_news:
        _write_lines(dossier, order.lines)
    happened: list[Fact] = [facts.OrderPlaced.of(dossier, row.placed_at)] if is_new else []
    if order.billed_at or (order.is_paid and not order.cancelled_at):
        happened += progress.bill(dossier, order.billed_at or order.updated_at)
    if order.completed_at:
        happened += progress.complete(dossier, order.completed_at)
    if order.cancelled_at:
        happened += progress.cancel(dossier, order.cancelled_at, order.cancel_reason)
    for fulfillment in order.fulfillments:
        happened += parcels.apply_fulfillment(dossier, fulfillment, at=at)
    happened += progress.settle_delivered(dossier)
    progress.watch(dossier)
    event_ids = progress.announce(dossier, happened, at=at)
    if is_new or (was_anonymous and row.customer_id):
        event_ids += arrivals.tell(row, is_new=is_new, at=at)
    event_ids += following.tell(row, at=at)
    if is_new:
        inbound.release(merchant, row.subject)
    note = _note(row, is_new=is_new, is_news=is_news)
    return Handled(note, is_new=is_new, event_ids=event_ids, **progress.about(row))


def cancel_order(
    *, merchant: Merchant, order_external_id: str, cancelled_at: datetime, reason: str, at: datetime
) -> Handled:
    """The order is cancelled, once: a second word about it changes nothing."""
    dossier = Dossier.locked(merchant, external_id=order_external_id)
    if dossier is None:
        return _waits(order_external_id)
    event_ids = progress.announce(dossier, progress.cancel(dossier, cancelled_at, reason), at=at)
    event_ids += following.tell(dossier.order, at=at)
    return Handled(f"{dossier.order.number} is cancelled", event_ids=event_ids, **progress.about(dossier.order))


def bill_order(*, merchant: Merchant, order_external_id: str, billed_at: datetime, at: datetime) -> Handled:
    """The order is paid, authorised or free, so that it is worked on; once. Raises `Contradiction` for one cancelled before."""
    dossier = Dossier.locked(merchant, external_id=order_external_id)
    if dossier is None:
        return _waits(order_external_id)
    order = dossier.order
    if order.cancelled_at and order.cancelled_at <= billed_at and not order.processing_at:
        raise Contradiction(f"The order {order.number} is cancelled: it is not worked on any more.")
    event_ids = progress.announce(dossier, progress.bill(dossier, billed_at), at=at)
    event_ids += following.tell(order, at=at)
    return Handled(f"{order.number} is billed", event_ids=event_ids, **progress.about(order))


def complete_order(*, merchant: Merchant, order_external_id: str, completed_at: datetime, at: datetime) -> Handled:
    """The order is marked completed, once. Raises `Contradiction` for one that was cancelled before."""
    dossier = Dossier.locked(merchant, external_id=order_external_id)
    if dossier is None:
        return _waits(order_external_id)
    order = dossier.order
    if order.cancelled_at and order.cancelled_at <= completed_at and not order.completed_at:
        raise Contradiction(f"The order {order.number} is cancelled: it is not completed any more.")
    event_ids = progress.announce(dossier, progress.complete(dossier, completed_at), at=at)
    event_ids += following.tell(order, at=at)
    return Handled(f"{order.number} is completed", event_ids=event_ids, **progress.about(order))


def ingest_refund(*, merchant: Merchant, refund: RefundInput, at: datetime) -> Handled:
    """Units were taken off an order, unless a newer word about the order counts them already."""
    mine = Order.objects.for_merchant(merchant).filter(external_id=refund.order_external_id)
    row = mine.select_for_update(of=("self",)).select_related("stalled_policy").first()
    if row is None:
        return _waits(refund.order_external_id)
    row.merchant = merchant
    if refund.created_at <= row.source_updated_at:
        return Handled("the order is newer and counts this refund already", **progress.about(row))
    for line_id, units in refund.removed:
        line = OrderLine.objects.for_merchant(merchant).filter(order=row, external_id=line_id)
        line.update(quantity=Greatest(F("quantity"), Value(units)) - Value(units))
    dossier = Dossier.of(row)
    progress.update(row, {"source_updated_at": refund.created_at, "stalls_at": deadlines.of_order(dossier)})
    progress.announce(dossier, progress.settle_delivered(dossier), at=at)
    return Handled(
        f"{len(refund.removed)} lines of {row.number} were reduced", reference=row.number, customer_id=row.customer_id
    )


def forget_order(*, merchant: Merchant, order_external_id: str, at: datetime) -> Handled:
    """The shop deleted an order: its rows go, the history of what happened stays."""
    mine = Order.objects.for_merchant(merchant).filter(external_id=order_external_id)
    # Locked first: else an issue could be found between the reading of what hangs on it and the end.
    row = mine.select_for_update().first()
    if row is None:
        return Handled("no such order")
    row.delete()
    return Handled("the order is deleted; its history stays")


def _waits(order_external_id: str) -> Handled:
    return Handled("waits for its order", waits_for=f"order:{order_external_id}")


def _judged(merchant: Merchant, order: OrderInput) -> dict[str, Any]:
    """What a new order gets for good, asked for only if it is one: its page, and the settings in force when it was placed."""
    policy = cache(lambda: policies.in_force(merchant, order.created_at))

    def stalls_at() -> datetime | None:
        judging = policy() or policies.defaults(merchant)
        return None if order.is_test else deadlines.at_placing(merchant, judging, order.created_at, order.lines)

    return {"stalled_policy": policy, "stalls_at": stalls_at, "page_token": links.new_token}


def _values(order: OrderInput) -> dict[str, Any]:
    """What a newer message overwrites. A source that does not tell what the goods cost takes back nobody else's word."""
    paid = {} if order.net_value is None else {"net_value": order.net_value, "net_refunded": order.net_refunded}
    return {
        **paid,
        "number": clean.text(order.number, 60),
        "currency": order.currency[:3],
        "total": order.total,
        "is_test": order.is_test,
        "status_url": order.status_url[:500],
        "destination_country": order.destination_country[:2],
        **({} if order.scheduled_on is None else {"scheduled_on": order.scheduled_on}),
        "locale": order.locale[:12],
        "placed_at": order.created_at,
        "source_updated_at": order.updated_at,
    }


def _identify(row: Order, customer: Customer | None, *, at: datetime) -> None:
    """An order without a shopper gets one; what waited for it goes."""
    if customer is None or row.customer_id == customer.pk:
        row.customer = customer or row.customer
        return
    was_anonymous = row.customer_id is None
    row.customer = customer
    row.save(update_fields=["customer"])
    if was_anonymous:
        history.identify(row.merchant, row.subject, customer, at=at)


def _is_erased(customer: Customer | None) -> bool:
    """Whose order it was is nobody's to learn any more, whatever a message says."""
    return customer is not None and customer.status == Customer.Status.ERASED


def _write_lines(dossier: Dossier, lines: Sequence[LineInput]) -> None:
    """Make the order's lines those of the message. A line that is gone was removed by an edit: nothing of it is to come."""
    known = {line.external_id: line for line in dossier.lines}
    new, changed = [], []
    for position, line in enumerate(lines):
        row = known.pop(line.external_id, None)
        if row is None:
            new.append(OrderLine(merchant=dossier.order.merchant, order=dossier.order, **_line(line, position)))
        elif _differs(row, values := _line(line, position)):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    for row in known.values():
        if row.quantity:
            row.quantity = 0
            changed.append(row)
    if new:
        dossier.lines += OrderLine.objects.bulk_create(new)
        dossier.lines.sort(key=lambda row: row.position)
    if changed:
        names = [name for name in _line(LineInput("", ""), 0) if name != "external_id"]
        OrderLine.objects.bulk_update(changed, names, batch_size=LINES_AT_ONCE)


def _differs(row: OrderLine, values: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _line(line: LineInput, position: int) -> dict[str, Any]:
    return {
        "external_id": line.external_id,
        "position": position,
        "product_name": clean.text(line.product_name, 255),
        "variant_name": clean.text(line.variant_name, 255),
        "sku": clean.text(line.sku, 120),
        "product_id": line.product_id[:64],
        "variant_id": line.variant_id[:64],
        "quantity": line.quantity,
        "ordered": line.ordered,
        "price": line.price,
        "requires_shipping": line.requires_shipping,
        "image_url": line.image_url[:500],
        "product_url": line.product_url[:500],
        "categories": None if line.categories is None else [clean.text(each, 120) for each in line.categories],
    }


def _note(row: Order, *, is_new: bool, is_news: bool) -> str:
    if row.is_test:
        return f"{row.number} is a test order: it is kept and builds no events"
    if is_new:
        return f"order {row.number} is new"
    return f"order {row.number} is up to date" if is_news else f"older than what is known of {row.number}"
