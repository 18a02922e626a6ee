"""Stories that need days: of what stalls and moves again, and of what stays open. Told at the pace of `days`."""

from __future__ import annotations

from dataclasses import replace

from config.demo import expected as tell
from config.demo.orders import Scan, Start, new_order, pack
from config.demo.people import Person
from config.demo.shops import Shop
from config.demo.steps import Story, step
from config.demo.stories import begun, straight_home
from config.demo.webhooks import fulfillment_webhook, order_webhook, tracker_webhook


def packed_late(shop: Shop, buyer: Person, at: Start) -> Story:
    """Nobody packs it for longer than is granted; then somebody does, and it arrives."""
    order = new_order(shop, buyer, at)
    box = pack(order, 240)
    way = [Scan("in_transit", 265), Scan("delivered", 320)]
    name = f"{buyer.name} {order.name}"
    return [
        step(
            shop,
            f"{name} ordered",
            order_webhook("orders/create", order),
            tell.placed(order),
            tell.processing(order),
            later=[tell.never_shipped(order)],
        ),
        step(shop, f"{name} packed late", fulfillment_webhook(box), tell.packed(box), tell.shipped(box)),
        step(
            shop,
            f"{name} delivered",
            tracker_webhook(box, way),
            tell.moved(box, "in_transit", 265),
            tell.moved(box, "delivered", 320),
            tell.delivered(order, 320),
        ),
    ]


def found_again(shop: Shop, buyer: Person, at: Start) -> Story:
    """On its way it stands still for longer than is granted; then it is scanned again, and arrives."""
    order = new_order(shop, buyer, at, lines=2)
    box = pack(order, 20)
    way = [Scan("in_transit", 60), Scan("in_transit", 300, "Arrived at a facility"), Scan("delivered", 320)]
    name = f"{buyer.name} {order.name}"
    return [
        *begun(shop, name, box),
        step(
            shop,
            f"{name} on its way",
            tracker_webhook(box, way[:1]),
            tell.moved(box, "in_transit", 60),
            later=[tell.stood_still(box, 60)],
        ),
        step(shop, f"{name} seen again", tracker_webhook(box, way[:2])),
        step(
            shop,
            f"{name} delivered",
            tracker_webhook(box, way),
            tell.moved(box, "delivered", 320),
            tell.delivered(order, 320),
        ),
    ]


def never_home(shop: Shop, buyer: Person, at: Start) -> Story:
    """A delivery is tried in vain, and nothing more is heard of the parcel."""
    order = new_order(shop, buyer, at)
    box = pack(order, 20)
    way = [
        Scan("in_transit", 50),
        Scan("out_for_delivery", 90),
        Scan("failure", 110, "Delivery attempted, recipient not available"),
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
        step(
            shop,
            f"{name} nobody home",
            tracker_webhook(box, way),
            tell.attempted(box, 110),
            later=[tell.stood_still(box, 110)],
        ),
    ]


def refused(shop: Shop, buyer: Person, at: Start) -> Story:
    """Like most, but Klaviyo refuses the shopper's address: nothing of it arrives."""
    return [replace(told, leads_to=()) for told in straight_home(shop, buyer, at)]
