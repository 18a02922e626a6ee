"""What must reach Klaviyo: the recipes of the event catalogue written down a second time, without a look at the product.

The demo holds the product's own answers against these; so nothing here may import its rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.demo.orders import Fulfillment, Line, Order
from config.demo.shops import POINTS_ADDED, STATUS, SUBSCRIBERS, TRACKING, UPDATES, Shop

Key = tuple[str, str, str]
"""(public key of the Klaviyo account, metric's name there, unique_id)."""

HOURS_GRANTED = 72
"""Business hours in which an order is to be shipped, and a parcel to be seen again: none of the shops asks for others."""

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Expected:
    """An event that a step must lead to, if its shop uses the pack, or the metric by itself.

    `counts_from` is what the launch window judges.
    """

    shop: Shop
    pack: str
    metric: str
    unique_id: str
    occurred_at: datetime
    counts_from: datetime

    @property
    def key(self) -> Key:
        """By what it is recognised."""
        return self.shop.account, self.metric, self.unique_id

    def is_sent(self, began_at: datetime) -> bool:
        """Whether the shop uses the pack and the event lies in its launch window, for a demo that began then."""
        window_start = began_at - self.shop.launched_ago - timedelta(days=self.shop.backfill_days)
        return self.pack in self.shop.turned_on and self.counts_from >= window_start

    def is_backfill(self, began_at: datetime) -> bool:
        """Whether it may start no flow: it is from before the launch."""
        return self.occurred_at < began_at - self.shop.launched_ago


def placed(order: Order) -> list[Expected]:
    """The order became known."""
    return [
        _tracking(order, "ShopifyOrderCreated", f"order:{order.id}", order.placed_at),
        *_update(order, f"order:{order.id}", "order_created", order.placed_at, order.lines),
    ]


def processing(order: Order, minutes: float = 0) -> list[Expected]:
    """Nothing stands against working on it: it is paid, and earns points."""
    at = order.after(minutes)
    return [
        _status(order, "Processing order", "processing", minutes),
        Expected(order.shop, POINTS_ADDED, "Points added", f"points:{order.name}", at, at),
    ]


def shipped(fulfillment: Fulfillment) -> Expected:
    """The order's first parcel left."""
    return _status(fulfillment.order, "Order shipped", "shipped", fulfillment.minutes)


def delivered(order: Order, minutes: float) -> Expected:
    """All of it arrived."""
    return _status(order, "Order delivered", "delivered", minutes)


def cancelled(order: Order, minutes: float) -> Expected:
    """It was cancelled."""
    return _status(order, "Order cancelled", "cancelled", minutes)


def packed(fulfillment: Fulfillment) -> list[Expected]:
    """Each of its parcels became known."""
    at = fulfillment.order.after(fulfillment.minutes)
    return [
        _tracking(fulfillment.order, "ShipmentCreated", f"shipment:{shipment}:created", at)
        for shipment in fulfillment.shipment_ids
    ]


def moved(fulfillment: Fulfillment, status: str, minutes: float, *, parcel: int = 0) -> list[Expected]:
    """A scan moved the parcel on to that status."""
    return _moved(fulfillment, status, status, minutes, parcel)


def attempted(fulfillment: Fulfillment, minutes: float, *, parcel: int = 0) -> list[Expected]:
    """A delivery was tried in vain: a move, and an issue beside it."""
    return [
        *_moved(fulfillment, "failure", "delivery_attempted", minutes, parcel),
        _issue(fulfillment, "ShipmentDeliveryAttempted", fulfillment.order.after(minutes), parcel),
    ]


def sent_back(fulfillment: Fulfillment, minutes: float, *, parcel: int = 0) -> list[Expected]:
    """The parcel goes back: a move, and an issue beside it."""
    return [
        *moved(fulfillment, "return_to_sender", minutes, parcel=parcel),
        _issue(fulfillment, "ShipmentReturnToSender", fulfillment.order.after(minutes), parcel),
    ]


def never_shipped(order: Order) -> Expected:
    """It waits for longer than is granted."""
    due = business_hours_after(order.placed_at, HOURS_GRANTED, order.shop)
    return _tracking(order, "OrderIssueCreated", f"issue:FulfillmentStalled:{order.id}", due)


def stood_still(fulfillment: Fulfillment, minutes: float) -> list[Expected]:
    """On its way, its parcel was not seen again after that minute for longer than is granted."""
    order, shipment = fulfillment.order, fulfillment.shipment_ids[0]
    since = order.after(minutes)
    due = business_hours_after(since, HOURS_GRANTED, order.shop)
    return [
        _issue(fulfillment, "ShipmentStalled", due, 0),
        *_update(order, shipment, "stalled_in_transit", due, fulfillment.lines, anchor=since),
    ]


def put_off(fulfillment: Fulfillment, promised_on: date, minutes: float) -> list[Expected]:
    """Its carrier takes back the first promise for its parcel."""
    return _delayed(fulfillment, promised_on, fulfillment.order.after(minutes))


def overdue(fulfillment: Fulfillment, promised_on: date) -> list[Expected]:
    """The day passed for which its parcel was promised."""
    return _delayed(fulfillment, promised_on, _midnight(promised_on + timedelta(days=1), fulfillment.order.shop))


def box_placed(order: Order) -> Expected:
    """A subscriber's schedule made the order."""
    return _box(order, "Placed Order", 0)


def box_cancelled(order: Order, minutes: float) -> Expected:
    """A subscriber's order that was placed is cancelled."""
    return _box(order, "Cancelled Order", minutes)


def box_fulfilled(order: Order, minutes: float) -> Expected:
    """A subscriber's order that was placed is billed, and completed at that minute."""
    return _box(order, "Fulfilled Order", minutes)


def logged(shop: Shop, kind: str, entry_id: str, at: datetime, *, read_at: datetime | None = None) -> Expected:
    """An entry of the activity log. A sync that reads the past at `read_at` tells it however old it is."""
    return Expected(shop, SUBSCRIBERS, kind, f"log:{entry_id}", at, read_at or at)


def began_sign_up(shop: Shop, customer_id: str, at: datetime) -> Expected:
    """A page tells that the sign-up was begun."""
    return Expected(shop, SUBSCRIBERS, "Started Checkout", f"{customer_id}_{_epoch(at)}", at, at)


def signed_up(shop: Shop, customer_id: str, at: datetime) -> Expected:
    """A page tells that the sign-up was completed."""
    return Expected(shop, SUBSCRIBERS, "Completed Signup", f"signup:{customer_id}:{_epoch(at)}", at, at)


def left(shop: Shop, customer_id: str, at: datetime) -> Expected:
    """A page tells that the account was cancelled."""
    return Expected(shop, SUBSCRIBERS, "Cancelled Account", f"account_cancel:{customer_id}:{_epoch(at)}", at, at)


def _moved(fulfillment: Fulfillment, status: str, trigger: str, minutes: float, parcel: int) -> list[Expected]:
    """Redo has a word of its own for what is a failure to Malomo."""
    order, shipment = fulfillment.order, fulfillment.shipment_ids[parcel]
    at = order.after(minutes)
    unique_id = f"shipment:{shipment}:{status}:{_epoch(at)}"
    return [
        _tracking(order, "ShipmentUpdateReceived", unique_id, at),
        *_update(order, shipment, trigger, at, fulfillment.lines),
    ]


def _issue(fulfillment: Fulfillment, problem: str, at: datetime, parcel: int) -> Expected:
    unique_id = f"issue:{problem}:{fulfillment.shipment_ids[parcel]}"
    return _tracking(fulfillment.order, "OrderIssueCreated", unique_id, at)


def _delayed(fulfillment: Fulfillment, promised_on: date, at: datetime) -> list[Expected]:
    """Told once for a parcel, whose first promise tells it apart."""
    promise = datetime.combine(promised_on, time.min, UTC)
    return _update(fulfillment.order, fulfillment.shipment_ids[0], "delayed", at, fulfillment.lines, anchor=promise)


def _tracking(order: Order, name: str, unique_id: str, at: datetime) -> Expected:
    """Malomo: the merchant's prefix stands before the name, and each event is judged by its own time."""
    return Expected(order.shop, TRACKING, f"{order.shop.prefix}: {name}", unique_id, at, at)


def _status(order: Order, name: str, status: str, minutes: float) -> Expected:
    """Whiplash: the launch window judges all of an order by when it was placed."""
    unique_id = f"order:{order.id}:{status}"
    return Expected(order.shop, STATUS, name, unique_id, order.after(minutes), order.placed_at)


def _box(order: Order, name: str, minutes: float) -> Expected:
    """Kiva Logic: the same bare id under three metrics. The launch window judges all of an order by when it was placed."""
    return Expected(order.shop, SUBSCRIBERS, name, order.key, order.after(minutes), order.placed_at)


def _update(
    order: Order, about: str, trigger: str, at: datetime, lines: Sequence[Line], *, anchor: datetime | None = None
) -> list[Expected]:
    """Redo: a tracking update, and one for each line of what it is about. `anchor` tells it apart where `at` does not."""
    whole = f"track:{about}:{trigger}:{_epoch(anchor or at)}"
    return [
        Expected(order.shop, UPDATES, "Order Tracking Update", whole, at, at),
        *(
            Expected(order.shop, UPDATES, "Order Tracking Update Item", f"{whole}:item:{line.id}", at, at)
            for line in lines
        ),
    ]


def _epoch(at: datetime) -> int:
    return int(at.timestamp())


def business_hours_after(start: datetime, hours: int, shop: Shop) -> datetime:
    """The instant at which so many hours are over, Saturdays and Sundays in the shop's time zone left out."""
    at, left = start.astimezone(UTC), timedelta(hours=hours)
    while True:
        today = at.astimezone(ZoneInfo(shop.timezone)).date()
        end = _midnight(today + timedelta(days=1), shop)
        if today.weekday() < SATURDAY:
            if left <= end - at:
                return at + left
            left -= end - at
        at = end


def _midnight(day: date, shop: Shop) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(shop.timezone)).astimezone(UTC)
