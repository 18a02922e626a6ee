"""Webhooks as Shopify and EasyPost send them, written from the demo's orders and signed by `Source.sign`."""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from config.demo.orders import Fulfillment, Line, Order, Scan
from integrations import sources

Json = dict[str, Any]
SHOPIFY, EASYPOST = "shopify", "easypost"
SHOPIFY_API_VERSION = "2026-10"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One delivery of a source: the same object posted twice is a repeated delivery. `at` is how new its news is."""

    at: datetime
    source: str
    topic: str
    body: bytes
    headers: dict[str, str]

    def signed(self, secret: str) -> dict[str, str]:
        """All headers, with the signature that this secret makes."""
        return {
            "content-type": "application/json",
            **self.headers,
            **sources.get(self.source).sign(self.body, secret),
        }

    def address(self, hook: str) -> str:
        """Where it is posted, of a source whose messages go to `hook`."""
        return hook


def order_webhook(
    topic: str,
    order: Order,
    minutes: float = 0,
    *,
    fulfillments: Sequence[Fulfillment] = (),
    is_paid: bool = True,
    cancelled: bool = False,
) -> Webhook:
    """An order as the shop knows it at that minute."""
    at = _local(order, minutes)
    buyer = order.buyer
    address = _address(order)
    body = {
        "id": order.id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order.id}",
        "name": order.name,
        "order_number": order.number,
        "created_at": _local(order, 0),
        "updated_at": at,
        "cancelled_at": at if cancelled else None,
        "cancel_reason": "customer" if cancelled else None,
        "financial_status": ("voided" if cancelled else "paid") if is_paid else "pending",
        "fulfillment_status": "fulfilled" if fulfillments else None,
        "test": order.is_test,
        "email": buyer.email or None,
        "contact_email": buyer.email or None,
        "phone": buyer.phone or None if not buyer.email else None,
        "currency": order.shop.currency,
        "total_price": str(order.total),
        "subtotal_price": str(order.total),
        "order_status_url": f"https://{order.shop.domain}/orders/{order.id:x}",
        "customer": _customer(order),
        "billing_address": address,
        "shipping_address": address,
        "line_items": [_line(line, is_fulfilled=bool(fulfillments)) for line in order.lines],
        "fulfillments": [_fulfillment(each, each.minutes) for each in fulfillments],
        "refunds": [],
    }
    return _shopify(order, topic, body, minutes)


def fulfillment_webhook(fulfillment: Fulfillment, topic: str = "fulfillments/create") -> Webhook:
    """What the shop packed together."""
    order = fulfillment.order
    return _shopify(order, topic, _fulfillment(fulfillment, fulfillment.minutes), fulfillment.minutes)


def fulfillment_event_webhook(fulfillment: Fulfillment, scan: Scan) -> Webhook:
    """Shopify's own tracking. `scan.status` is one of Shopify's words."""
    order, at = fulfillment.order, _local(fulfillment.order, scan.minutes)
    body = {
        "id": fulfillment.id * 10 + int(scan.minutes),
        "fulfillment_id": fulfillment.id,
        "order_id": order.id,
        "status": scan.status,
        "message": scan.message or None,
        "happened_at": at,
        "created_at": at,
        "updated_at": at,
        "city": order.buyer.city,
        "province": order.buyer.province,
        "country": order.buyer.country,
        "zip": order.buyer.postal_code,
        "estimated_delivery_at": None,
    }
    return _shopify(order, "fulfillment_events/create", body, scan.minutes)


def refund_webhook(order: Order, minutes: float, lines: Sequence[Line]) -> Webhook:
    """Lines that will not be shipped: their units are taken off the order."""
    at = _local(order, minutes)
    body = {
        "id": order.id + int(minutes),
        "order_id": order.id,
        "created_at": at,
        "processed_at": at,
        "note": "out of stock",
        "refund_line_items": [
            {"id": line.id + 1, "line_item_id": line.id, "quantity": line.quantity, "restock_type": "cancel"}
            for line in lines
        ],
        "transactions": [],
    }
    return _shopify(order, "refunds/create", body, minutes)


def tracker_webhook(
    fulfillment: Fulfillment, scans: Sequence[Scan], *, parcel: int = 0, estimate: date | None = None
) -> Webhook:
    """EasyPost's word on one parcel: always with its whole history, the newest scan last. `estimate` is a day where it goes."""
    order, newest = fulfillment.order, scans[-1]
    newest_at = order.after(newest.minutes)
    at = newest_at.isoformat()
    tracker = {
        "id": f"trk_{uuid.uuid4().hex}",
        "object": "Tracker",
        "mode": "production",
        "tracking_code": fulfillment.tracking_numbers[parcel],
        "carrier": order.shop.carrier,
        "status": newest.status,
        "status_detail": "status_update",
        "created_at": order.after(scans[0].minutes).isoformat(),
        "updated_at": at,
        "est_delivery_date": None,
        "public_url": f"https://track.example/{fulfillment.tracking_numbers[parcel]}",
        "tracking_details": [_detail(order, scan) for scan in scans],
        "carrier_detail": {
            "object": "CarrierDetail",
            "service": "Ground",
            "est_delivery_date_local": estimate and estimate.isoformat(),
            "initial_delivery_attempt": None,
        },
    }
    body = {
        "id": f"evt_{uuid.uuid4().hex}",
        "object": "Event",
        "mode": "production",
        "description": "tracker.updated",
        "created_at": at,
        "updated_at": at,
        "result": tracker,
    }
    headers = {"user-agent": "easypost-webhook"}
    return Webhook(newest_at, EASYPOST, "tracker.updated", json.dumps(body).encode(), headers)


def _shopify(order: Order, topic: str, body: Json, minutes: float) -> Webhook:
    """Shopify writes "/" as "\\/": a receiver that verifies anything but the raw body fails."""
    raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).replace("/", "\\/").encode()
    headers = {
        "x-shopify-topic": topic,
        "x-shopify-shop-domain": order.shop.domain,
        "x-shopify-webhook-id": str(uuid.uuid4()),
        "x-shopify-event-id": str(uuid.uuid4()),
        "x-shopify-triggered-at": _local(order, minutes),
        "x-shopify-api-version": SHOPIFY_API_VERSION,
    }
    return Webhook(order.after(minutes), SHOPIFY, topic, raw, headers)


def _local(order: Order, minutes: float) -> str:
    """An instant as Shopify writes it: in the shop's own time zone."""
    moment: datetime = order.after(minutes).astimezone(ZoneInfo(order.shop.timezone))
    return moment.isoformat()


def _customer(order: Order) -> Json | None:
    buyer = order.buyer
    if not buyer.email:
        return None
    return {
        "id": 7_000_000_000_000 + zlib.crc32(buyer.email.encode()),
        "email": buyer.email,
        "phone": buyer.phone or None,
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
    }


def _address(order: Order) -> Json:
    buyer = order.buyer
    return {
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "address1": buyer.street,
        "city": buyer.city,
        "province_code": buyer.province,
        "zip": buyer.postal_code,
        "country_code": buyer.country,
        "phone": buyer.phone or None,
        "company": None,
    }


def _line(line: Line, *, is_fulfilled: bool) -> Json:
    return {
        "id": line.id,
        "title": line.product.title,
        "variant_title": line.product.variant,
        "sku": line.product.sku,
        "quantity": line.quantity,
        "current_quantity": line.quantity,
        "fulfillable_quantity": 0 if is_fulfilled else line.quantity,
        "price": str(line.product.price),
        "requires_shipping": True,
    }


def _fulfillment(fulfillment: Fulfillment, minutes: float) -> Json:
    order, numbers = fulfillment.order, list(fulfillment.tracking_numbers)
    links = [f"https://carrier.example/track/{number}" for number in numbers]
    return {
        "id": fulfillment.id,
        "order_id": order.id,
        "status": "success",
        "created_at": _local(order, fulfillment.minutes),
        "updated_at": _local(order, minutes),
        "tracking_company": order.shop.carrier,
        "tracking_number": numbers[0],
        "tracking_numbers": numbers,
        "tracking_url": links[0],
        "tracking_urls": links,
        "shipment_status": None,
        "destination": _address(order),
        "line_items": [_line(line, is_fulfilled=True) for line in fulfillment.lines],
    }


def _detail(order: Order, scan: Scan) -> Json:
    return {
        "object": "TrackingDetail",
        "status": scan.status,
        "status_detail": "status_update",
        "message": scan.message or scan.status.replace("_", " ").capitalize(),
        "datetime": order.after(scan.minutes).isoformat(),
        "source": order.shop.carrier,
        "tracking_location": {
            "object": "TrackingLocation",
            "city": order.buyer.city,
            "state": order.buyer.province,
            "country": order.buyer.country,
            "zip": order.buyer.postal_code,
        },
    }
