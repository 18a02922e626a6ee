"""Messages as Shopify and EasyPost send them, cut down to what matters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

ORDER_ID = 820982911946154508


def shopify_order(
    order_id: int = ORDER_ID,
    *,
    at: datetime,
    updated_at: datetime | None = None,
    email: str | None = "ann@shopper.example",
    number: str = "#1001",
    lines: Sequence[tuple[int, str, int]] = ((11, "Wool jumper", 1), (12, "Socks", 2)),
    financial_status: str = "paid",
    **more: Any,
) -> dict[str, Any]:
    """An order placed at `at`; a line is (id, product, quantity)."""
    return {
        "id": order_id,
        "name": number,
        "email": email,
        "created_at": at.isoformat(),
        "updated_at": (updated_at or at).isoformat(),
        "cancelled_at": None,
        "financial_status": financial_status,
        "currency": "USD",
        "total_price": "59.90",
        "test": False,
        "customer": {"id": 4711, "email": email, "first_name": "Ann", "last_name": "Shopper"} if email else None,
        "shipping_address": {"country_code": "US"},
        "line_items": [
            {
                "id": line_id,
                "title": title,
                "sku": f"SKU-{line_id}",
                "quantity": quantity,
                "current_quantity": quantity,
                "price": "19.95",
                "requires_shipping": True,
            }
            for line_id, title, quantity in lines
        ],
        "fulfillments": [],
        **more,
    }


def shopify_fulfillment(
    fulfillment_id: int = 255858046,
    order_id: int = ORDER_ID,
    *,
    at: datetime,
    updated_at: datetime | None = None,
    numbers: Sequence[str] = ("1Z999AA10123456784",),
    items: Sequence[tuple[int, int]] = ((11, 1), (12, 2)),
    **more: Any,
) -> dict[str, Any]:
    """A fulfilment made at `at`; an item is (line id, quantity)."""
    return {
        "id": fulfillment_id,
        "order_id": order_id,
        "status": "success",
        "created_at": at.isoformat(),
        "updated_at": (updated_at or at).isoformat(),
        "tracking_company": "UPS",
        "tracking_numbers": list(numbers),
        "tracking_urls": [f"https://carrier.example/{number}" for number in numbers],
        "shipment_status": None,
        "destination": {"country_code": "US"},
        "line_items": [{"id": line_id, "quantity": quantity} for line_id, quantity in items],
        **more,
    }


def shopify_fulfillment_event(
    status: str, *, at: datetime, fulfillment_id: int = 255858046, order_id: int = ORDER_ID, event_id: int = 1
) -> dict[str, Any]:
    """A shop's tracking event."""
    return {
        "id": event_id,
        "fulfillment_id": fulfillment_id,
        "order_id": order_id,
        "status": status,
        "message": None,
        "happened_at": at.isoformat(),
        "created_at": at.isoformat(),
    }


def shopify_return(
    return_id: int = 945000123,
    order_id: int = ORDER_ID,
    *,
    items: Sequence[tuple[int, int, int]] = ((31, 11, 1), (32, 12, 2)),
    **more: Any,
) -> dict[str, Any]:
    """A return as it is asked for or approved; an item is (its id, line id, quantity)."""
    return {
        "id": return_id,
        "admin_graphql_api_id": f"gid://shopify/Return/{return_id}",
        "status": "requested",
        "name": "#1001-R1",
        "order": {"id": order_id, "admin_graphql_api_id": f"gid://shopify/Order/{order_id}"},
        "total_return_line_items": len(items),
        "return_line_items": [
            {
                "id": item_id,
                "admin_graphql_api_id": f"gid://shopify/ReturnLineItem/{item_id}",
                "quantity": quantity,
                "return_reason": "size_too_large",
                "fulfillment_line_item": {"id": line_id + 500, "line_item": {"id": line_id}},
            }
            for item_id, line_id, quantity in items
        ],
        "exchange_line_items": [],
        "return_shipping_fees": [],
        **more,
    }


def loop_return(
    return_id: int = 18200451,
    order_id: int = ORDER_ID,
    *,
    at: datetime,
    state: str = "open",
    trigger: str = "return.created",
    edited_at: datetime | None = None,
    items: Sequence[tuple[int, int, str]] = ((51, 11, "exchange"), (52, 12, "refund"), (53, 12, "credit")),
    **more: Any,
) -> dict[str, Any]:
    """A return asked for at `at`, as Loop tells it; an item is (its id, line id, outcome)."""
    return {
        "topic": "return",
        "trigger": trigger,
        "shop_id": 211,
        "id": str(return_id),
        "state": state,
        "created_at": at.isoformat(),
        "edited_at": edited_at.isoformat() if edited_at else None,
        "order_id": "26442641",
        "order_name": "#1001",
        "provider_order_id": order_id,
        "customer": "ann@shopper.example",
        "customer_detail": {"email": "ann@shopper.example", "first_name": "Ann", "last_name": "Shopper"},
        "currency": "USD",
        "return_total": "59.85",
        "refund": "19.95",
        "gift_card": "0.00",
        "labels": [],
        "exchanges": [],
        "carrier": "USPS",
        "tracking_number": "N/A",
        "label_status": "N/A",
        "line_items": [
            {
                "line_item_id": str(item_id),
                "provider_line_item_id": line_id,
                "sku": f"SKU-{line_id}",
                "title": "Wool jumper" if line_id == 11 else "Socks",
                "price": "19.95",
                "discount": "0.00",
                "tax": 0,
                "refund": "19.95",
                "returned_at": "2026-11-20 16:07:31",
                "return_reason": "Too small",
                "outcome": outcome,
            }
            for item_id, line_id, outcome in items
        ],
        **more,
    }


def easypost_tracker(
    scans: Sequence[tuple[str, datetime]],
    *,
    number: str = "1Z999AA10123456784",
    event_id: str = "",
    message: str = "",
    estimate: date | None = None,
) -> dict[str, Any]:
    """A tracker's update with its whole history so far; a scan is (status, instant)."""
    details = [
        {
            "object": "TrackingDetail",
            "status": status,
            "status_detail": status,
            "message": message or status.replace("_", " "),
            "datetime": instant.isoformat(),
            "tracking_location": {"city": "MEMPHIS", "state": "TN", "country": "US", "zip": "38118"},
        }
        for status, instant in scans
    ]
    newest = max(scans, key=lambda scan: scan[1])
    return {
        "id": event_id or f"evt_{number}_{len(scans)}_{newest[0]}",
        "object": "Event",
        "description": "tracker.updated",
        "mode": "production",
        "result": {
            "object": "Tracker",
            "tracking_code": number,
            "carrier": "UPS",
            "status": newest[0],
            "status_detail": newest[0],
            "est_delivery_date": f"{estimate}T00:00:00Z" if estimate else None,
            "updated_at": newest[1].isoformat(),
            "tracking_details": details,
        },
    }


def aftership_tracking(
    checkpoints: Sequence[tuple[str, datetime]], *, number: str, estimate: date | None = None
) -> dict[str, Any]:
    """A tracking's update with its whole history so far; a checkpoint is (sub-tag, instant)."""
    told = [
        {
            "slug": "fedex",
            "tag": subtag.partition("_")[0],
            "subtag": subtag,
            "checkpoint_time": instant.isoformat(),
            "message": subtag,
            "city": "BROOKLYN",
            "country_iso3": "USA",
        }
        for subtag, instant in checkpoints
    ]
    newest = told[-1]
    return {
        "event": "tracking_update",
        "event_id": f"{number} {len(told)} {newest['subtag']} {estimate}",
        "msg": {
            "tracking_number": number,
            "slug": "fedex",
            "tag": newest["tag"],
            "subtag": newest["subtag"],
            "updated_at": newest["checkpoint_time"],
            "latest_estimated_delivery": {"datetime": f"{estimate}T12:00:00"} if estimate else None,
            "checkpoints": told,
        },
    }
