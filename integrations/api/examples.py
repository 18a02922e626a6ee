"""Examples for the documentation: one shop's order, the same everywhere."""

from __future__ import annotations

from typing import Any

EVENT: dict[str, Any] = {
    "id": "1042",
    "metric": "shipment_created",
    "metric_name": "ShipmentCreated",
    "occurred_at": "2026-11-20T10:00:00Z",
    "recorded_at": "2026-11-20T10:00:02.418201Z",
    "customer_id": "77",
    "order_number": "#1001",
    "tracking_number": "1Z999AA10123456784",
    "unique_id": "shipment:5001",
    "value": "42.5",
    "value_currency": "EUR",
    "properties": {"order_number": "#1001", "carrier": "UPS"},
}

DELIVERY: dict[str, Any] = {
    "id": "2077",
    "connection_id": "3",
    "state": "sent",
    "reason": "",
    "is_backfill": False,
    "created_at": "2026-11-20T10:00:02.418201Z",
    "not_before": "2026-11-20T10:00:02.418201Z",
    "settled_at": "2026-11-20T10:00:03.120004Z",
    "error": "",
    "attempts": [
        {
            "started_at": "2026-11-20T10:00:02.900000Z",
            "duration_ms": 118,
            "status": 202,
            "outcome": "sent",
            "is_bulk": False,
            "error": "",
            "request_id": "7f3c0d8a",
        }
    ],
}

METRIC: dict[str, Any] = {
    "number": 2,
    "key": "shipment_created",
    "name": "ShipmentCreated",
    "pack": "order_tracking",
    "is_on": True,
    "is_optional": False,
    "description": "A parcel of an order was made.",
    "unique_id": "shipment:<id>",
    "properties": [{"name": "OrderNumber", "type": "text", "description": "The order's number."}],
    "profile_properties": [],
}
