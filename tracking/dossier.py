"""An order with its lines and shipments, read once and worked on in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from integrations import locking
from integrations.models import Customer, Merchant
from integrations.statements import Among
from tracking import statuses
from tracking.models import Follower, Order, OrderLine, Shipment


@dataclass(slots=True)
class Dossier:
    """All that events of an order are built from. Services keep it in step with what they write."""

    order: Order
    lines: list[OrderLine]
    shipments: list[Shipment]
    _followers: list[tuple[Customer, datetime]] | None = None

    @classmethod
    def locked(cls, merchant: Merchant, **order: object) -> Dossier | None:
        """Read and lock the order of the merchant that these values name; None where there is none. Three queries."""
        row = (
            Order.objects.for_merchant(merchant)
            .filter(**order)
            .select_for_update(of=("self",))
            .select_related("customer", "stalled_policy")
            .first()
        )
        if row is None:
            return None
        locking.with_customer(row).merchant = merchant
        return cls.of(row)

    @classmethod
    def of(cls, order: Order) -> Dossier:
        """Read the lines and shipments of `order`: two queries."""
        lines = OrderLine.objects.for_merchant(order.merchant_id).filter(order=order).order_by("position", "id")
        shipments = Shipment.objects.for_merchant(order.merchant_id).filter(order=order).order_by("id")
        return cls(order, list(lines), list(shipments))

    @classmethod
    def of_many(cls, orders: Collection[Order]) -> dict[int, Dossier]:
        """Read the lines and shipments of many orders of any merchants: order's key -> its dossier. Two queries."""
        dossiers = {order.pk: cls(order, [], []) for order in orders}
        for line in OrderLine.objects.filter(Among(F("order_id"), dossiers)).order_by("position", "id"):
            dossiers[line.order_id].lines.append(line)
        for shipment in Shipment.objects.filter(Among(F("order_id"), dossiers)).order_by("id"):
            dossiers[shipment.order_id].shipments.append(shipment)
        return dossiers

    @property
    def followers(self) -> list[tuple[Customer, datetime]]:
        """Who asked to hear of the order beside its shopper, and since when: read once, where there are any."""
        if self._followers is None:
            mine = Follower.objects.for_merchant(self.order.merchant_id).filter(order=self.order)
            rows = mine.select_related("customer").order_by("pk") if self.order.is_followed else ()
            self._followers = [(each.customer, each.since) for each in rows]
        return self._followers

    @property
    def standing_shipments(self) -> list[Shipment]:
        """The shipments that were not cancelled."""
        return [shipment for shipment in self.shipments if shipment.status != statuses.CANCELLED]

    @property
    def unfulfilled(self) -> list[tuple[OrderLine, int]]:
        """Lines that are still to be shipped, with how many units of each. A fulfilment that does not say what is in it is
        taken to hold all that was left.
        """
        shipped: dict[str, int] = {}
        told = {each.fulfillment_id for each in self.standing_shipments if each.items}
        if any(each.fulfillment_id not in told for each in self.standing_shipments):
            return []
        for shipment in self.standing_shipments:
            for line_id, quantity in shipment.items:
                shipped[line_id] = shipped.get(line_id, 0) + quantity
        open_lines = ((line, line.quantity - shipped.get(line.external_id, 0)) for line in self.lines)
        return [(line, count) for line, count in open_lines if count > 0 and line.requires_shipping]

    @property
    def is_delivered(self) -> bool:
        """Whether every parcel arrived and nothing is left to be shipped."""
        standing = self.standing_shipments
        arrived = all(shipment.status == statuses.DELIVERED for shipment in standing)
        return bool(standing) and arrived and not self.unfulfilled

    def lines_in(self, shipment: Shipment) -> list[tuple[OrderLine, int]]:
        """What is in a parcel: what its fulfilment holds; all of the order where the source did not say."""
        together = [each for each in self.shipments if each.fulfillment_id == shipment.fulfillment_id]
        items: list[tuple[str, int]] = shipment.items or next((each.items for each in together if each.items), [])
        if not items:
            return [(line, line.ordered) for line in self.lines if line.requires_shipping]
        by_id = {line.external_id: line for line in self.lines}
        return [(by_id[line_id], quantity) for line_id, quantity in items if line_id in by_id]


def describe_items(lines: Iterable[tuple[OrderLine, int]]) -> list[dict[str, Any]]:
    """Lines as the array `Items` of an event, for templates: what is known of each."""
    return [_item(line, quantity) for line, quantity in lines]


def _item(line: OrderLine, quantity: int) -> dict[str, Any]:
    item = {
        "ProductName": line.product_name,
        "SKU": line.sku,
        "VariantName": line.variant_name,
        "Quantity": quantity,
        "ItemPrice": None if line.price is None else float(line.price),
        "RowTotal": None if line.price is None else float(line.price * quantity),
        "ImageURL": line.image_url,
        "ProductURL": line.product_url,
    }
    return {name: value for name, value in item.items() if value not in (None, "")}
