"""What happens to orders: each story is a list of webhooks, and beside each one stands all that must come of it."""

from __future__ import annotations

from dataclasses import replace

from config.demo import expected as tell
from config.demo.expected import Expected
from config.demo.orders import Fulfillment, Order, Scan, Start, new_order, pack
from config.demo.people import Person
from config.demo.shops import Shop
from config.demo.steps import FORGED, Step, Story, repeated, step
from config.demo.webhooks import (
    fulfillment_event_webhook,
    fulfillment_webhook,
    order_webhook,
    refund_webhook,
    tracker_webhook,
)


def straight_home(shop: Shop, buyer: Person, at: Start, *, lines: int = 1) -> Story:
    """Ordered, paid, shipped and delivered, as most are; the carrier tells of it."""
    return arrives(new_order(shop, buyer, at, lines=lines))


def arrives(order: Order) -> Story:
    """What happens to an order of which nothing goes wrong."""
    shop, box = order.shop, pack(order, 25)
    way = [Scan("pre_transit", 30), Scan("in_transit", 70), Scan("out_for_delivery", 130), Scan("delivered", 155)]
    name = f"{order.buyer.name} {order.name}"
    return [
        *begun(shop, name, box),
        step(shop, f"{name} fulfilled", order_webhook("orders/fulfilled", order, 26, fulfillments=[box])),
        step(
            shop,
            f"{name} on its way",
            tracker_webhook(box, way[:2]),
            tell.moved(box, "pre_transit", 30),
            tell.moved(box, "in_transit", 70),
        ),
        step(shop, f"{name} out for delivery", tracker_webhook(box, way[:3]), tell.moved(box, "out_for_delivery", 130)),
        step(
            shop,
            f"{name} delivered",
            tracker_webhook(box, way),
            tell.moved(box, "delivered", 155),
            tell.delivered(order, 155),
        ),
    ]


def told_by_the_shop(shop: Shop, buyer: Person, at: Start) -> Story:
    """Paid only after a while; Shopify itself tells where the two parcels are, in one word for both."""
    order = new_order(shop, buyer, at, lines=2, quantity=2)
    boxes = pack(order, 40, parcels=2)
    name = f"{buyer.name} {order.name}"

    def both(status: str, minutes: float) -> list[Expected]:
        return [event for parcel in (0, 1) for event in tell.moved(boxes, status, minutes, parcel=parcel)]

    return [
        step(
            shop,
            f"{name} ordered, not paid yet",
            order_webhook("orders/create", order, is_paid=False),
            tell.placed(order),
        ),
        step(shop, f"{name} paid", order_webhook("orders/paid", order, 8), tell.processing(order, 8)),
        step(
            shop, f"{name} packed in two parcels", fulfillment_webhook(boxes), tell.packed(boxes), tell.shipped(boxes)
        ),
        step(
            shop,
            f"{name} on its way",
            fulfillment_event_webhook(boxes, Scan("in_transit", 80)),
            both("in_transit", 80),
        ),
        step(
            shop,
            f"{name} delivered",
            fulfillment_event_webhook(boxes, Scan("delivered", 170)),
            both("delivered", 170),
            tell.delivered(order, 170),
        ),
    ]


def split(shop: Shop, buyer: Person, at: Start) -> Story:
    """Four lines in two fulfilments: shipped with the first, delivered with the last."""
    order = new_order(shop, buyer, at, lines=4)
    first, second = pack(order, 20, lines=order.lines[:1]), pack(order, 50, lines=order.lines[1:])
    name = f"{buyer.name} {order.name}"
    return [
        step(
            shop,
            f"{name} ordered four things",
            order_webhook("orders/create", order),
            tell.placed(order),
            tell.processing(order),
        ),
        step(shop, f"{name} first parcel packed", fulfillment_webhook(first), tell.packed(first), tell.shipped(first)),
        step(
            shop,
            f"{name} first parcel delivered",
            tracker_webhook(first, [Scan("in_transit", 45), Scan("delivered", 90)]),
            tell.moved(first, "in_transit", 45),
            tell.moved(first, "delivered", 90),
        ),
        step(shop, f"{name} second parcel packed", fulfillment_webhook(second), tell.packed(second)),
        step(
            shop,
            f"{name} second parcel waits at the counter",
            tracker_webhook(second, [Scan("in_transit", 75), Scan("available_for_pickup", 140)]),
            tell.moved(second, "in_transit", 75),
            tell.moved(second, "available_for_pickup", 140),
        ),
        step(
            shop,
            f"{name} second parcel collected",
            tracker_webhook(
                second, [Scan("in_transit", 75), Scan("available_for_pickup", 140), Scan("delivered", 165)]
            ),
            tell.moved(second, "delivered", 165),
            tell.delivered(order, 165),
        ),
    ]


def nobody_home(shop: Shop, buyer: Person, at: Start) -> Story:
    """A delivery is tried in vain, and succeeds at the second try."""
    order = new_order(shop, buyer, at, lines=2)
    box = pack(order, 15)
    way = [
        Scan("in_transit", 50),
        Scan("out_for_delivery", 90),
        Scan("failure", 110, "Delivery attempted, recipient not available"),
        Scan("out_for_delivery", 140),
        Scan("delivered", 160),
    ]
    name = f"{buyer.name} {order.name}"
    return [
        *begun(shop, name, box),
        step(
            shop,
            f"{name} out for delivery",
            tracker_webhook(box, way[:2]),
            tell.moved(box, "in_transit", 50),
            tell.moved(box, "out_for_delivery", 90),
        ),
        step(shop, f"{name} nobody home", tracker_webhook(box, way[:3]), tell.attempted(box, 110)),
        step(shop, f"{name} second try", tracker_webhook(box, way[:4]), tell.moved(box, "out_for_delivery", 140)),
        step(
            shop,
            f"{name} delivered",
            tracker_webhook(box, way),
            tell.moved(box, "delivered", 160),
            tell.delivered(order, 160),
        ),
    ]


def returned_to_sender(shop: Shop, buyer: Person, at: Start) -> Story:
    """The address is wrong: the parcel goes back, and is never delivered."""
    order = new_order(shop, buyer, at)
    box = pack(order, 30)
    way = [Scan("in_transit", 60), Scan("return_to_sender", 150, "Address not found")]
    name = f"{buyer.name} {order.name}"
    return [
        *begun(shop, name, box),
        step(shop, f"{name} on its way", tracker_webhook(box, way[:1]), tell.moved(box, "in_transit", 60)),
        step(shop, f"{name} goes back", tracker_webhook(box, way), tell.sent_back(box, 150)),
    ]


def changed_mind(shop: Shop, buyer: Person, at: Start) -> Story:
    """Cancelled before it was packed."""
    order = new_order(shop, buyer, at)
    name = f"{buyer.name} {order.name}"
    return [
        step(
            shop, f"{name} ordered", order_webhook("orders/create", order), tell.placed(order), tell.processing(order)
        ),
        step(
            shop,
            f"{name} cancelled",
            order_webhook("orders/cancelled", order, 35, cancelled=True),
            tell.cancelled(order, 35),
        ),
    ]


def out_of_stock(shop: Shop, buyer: Person, at: Start) -> Story:
    """One of two lines cannot be shipped: with its refund the order is delivered."""
    order = new_order(shop, buyer, at, lines=2)
    box = pack(order, 20, lines=order.lines[:1])
    name = f"{buyer.name} {order.name}"
    return [
        *begun(shop, name, box),
        step(
            shop,
            f"{name} half of it delivered",
            tracker_webhook(box, [Scan("in_transit", 55), Scan("delivered", 120)]),
            tell.moved(box, "in_transit", 55),
            tell.moved(box, "delivered", 120),
        ),
        step(
            shop, f"{name} the rest refunded", refund_webhook(order, 140, order.lines[1:]), tell.delivered(order, 120)
        ),
    ]


def upside_down(shop: Shop, buyer: Person, at: Start) -> Story:
    """The carrier is faster than the shop: everything arrives before what it belongs to, then repeated and too late."""
    order = new_order(shop, buyer, at, lines=3)
    box = pack(order, 10)
    way = [Scan("pre_transit", 12), Scan("in_transit", 48), Scan("delivered", 150)]
    name = f"{buyer.name} {order.name}"
    created = step(
        shop,
        f"{name} ordered, told last",
        order_webhook("orders/create", order),
        tell.placed(order),
        tell.processing(order),
        tell.packed(box),
        tell.shipped(box),
        tell.moved(box, "pre_transit", 12),
        tell.moved(box, "in_transit", 48),
    )
    arrived = step(
        shop,
        f"{name} delivered",
        tracker_webhook(box, way),
        tell.moved(box, "delivered", 150),
        tell.delivered(order, 150),
    )
    return [
        step(shop, f"{name} on its way, before the shop told of it", tracker_webhook(box, way[:2])),
        step(shop, f"{name} packed, before the order is known", fulfillment_webhook(box)),
        created,
        repeated(created),
        arrived,
        repeated(arrived),
        step(
            shop,
            f"{name} a scan that comes too late",
            tracker_webhook(box, [*way[:2], Scan("in_transit", 95, "Departed facility"), way[2]]),
        ),
        step(shop, f"{name} an update older than what is known", order_webhook("orders/updated", order, -1)),
    ]


def guest(shop: Shop, buyer: Person, at: Start) -> Story:
    """Somebody who left no address: what happened waits until there is one."""
    order = new_order(shop, buyer.without_contact(), at)
    known = replace(order, buyer=buyer)
    box = pack(order, 20)
    name = f"A guest {order.name}"
    return [
        step(shop, f"{name} ordered without an address", order_webhook("orders/create", order)),
        step(shop, f"{name} packed", fulfillment_webhook(box)),
        step(
            shop,
            f"{name} turns out to be {buyer.name}",
            order_webhook("orders/updated", known, 45),
            tell.placed(order),
            tell.processing(order),
            tell.packed(box),
            tell.shipped(box),
        ),
        step(
            shop,
            f"{name} delivered",
            tracker_webhook(box, [Scan("delivered", 140)]),
            tell.moved(box, "delivered", 140),
            tell.delivered(order, 140),
        ),
    ]


def forgotten(shop: Shop, buyer: Person, at: Start) -> Story:
    """Ordered and paid, and nobody packs it."""
    order = new_order(shop, buyer, at, lines=2)
    return [
        step(
            shop,
            f"{buyer.name} {order.name} ordered, and forgotten",
            order_webhook("orders/create", order),
            tell.placed(order),
            tell.processing(order),
            later=[tell.never_shipped(order)],
        )
    ]


def gone_quiet(shop: Shop, buyer: Person, at: Start) -> Story:
    """On its way and promised for tomorrow; then nothing more is heard of it."""
    order = new_order(shop, buyer, at)
    box, tomorrow = pack(order, 20), order.day_after(1, 85)
    way = [Scan("pre_transit", 30), Scan("in_transit", 85)]
    name = f"{buyer.name} {order.name}"
    return [
        *begun(shop, name, box),
        step(
            shop,
            f"{name} on its way, promised for tomorrow",
            tracker_webhook(box, way, estimate=tomorrow),
            tell.moved(box, "pre_transit", 30),
            tell.moved(box, "in_transit", 85),
            later=[tell.overdue(box, tomorrow), tell.stood_still(box, 85)],
        ),
    ]


def put_off(shop: Shop, buyer: Person, at: Start) -> Story:
    """Promised for tomorrow, then for two days later; nothing more is heard of it either."""
    order = new_order(shop, buyer, at, lines=2)
    box, tomorrow = pack(order, 15), order.day_after(1, 60)
    way = [Scan("in_transit", 60), Scan("in_transit", 120, "Held up by a storm")]
    name = f"{buyer.name} {order.name}"
    return [
        *begun(shop, name, box),
        step(
            shop,
            f"{name} on its way, promised for tomorrow",
            tracker_webhook(box, way[:1], estimate=tomorrow),
            tell.moved(box, "in_transit", 60),
        ),
        step(
            shop,
            f"{name} put off by two days",
            tracker_webhook(box, way, estimate=order.day_after(3, 120)),
            tell.put_off(box, tomorrow, 120),
            later=[tell.stood_still(box, 120)],
        ),
    ]


def checkout_test(shop: Shop, buyer: Person, at: Start) -> Story:
    """The shop's owner tries the checkout: nobody is to be told."""
    order = new_order(shop, buyer, at, is_test=True)
    name = f"Test order {order.name}"
    return [
        step(shop, name, order_webhook("orders/create", order)),
        step(shop, f"{name} packed", fulfillment_webhook(pack(order, 5))),
    ]


def forged(shop: Shop, buyer: Person, at: Start) -> Story:
    """Somebody who does not know the secret."""
    order = new_order(shop, buyer, at)
    return [Step(shop, "A forged order is refused", order_webhook("orders/create", order), answer=FORGED)]


def begun(shop: Shop, name: str, box: Fulfillment) -> Story:
    """Ordered, paid and packed, as most stories begin."""
    order = box.order
    return [
        step(
            shop, f"{name} ordered", order_webhook("orders/create", order), tell.placed(order), tell.processing(order)
        ),
        step(shop, f"{name} packed", fulfillment_webhook(box), tell.packed(box), tell.shipped(box)),
    ]
