"""Examples for the documentation: a return of the order that the examples of orders have."""

from __future__ import annotations

from typing import Any

NEW_ITEM: dict[str, Any] = {
    "external_id": "1",
    "line_external_id": "11",
    "quantity": 1,
    "type": "exchange",
    "new_sku": "JUMP-B-L",
    "new_product_name": "Wool jumper",
    "new_variant_name": "Blue / L",
    "value": "42.50",
}
NEW_RETURN: dict[str, Any] = {
    "external_id": "R-77",
    "order_external_id": "5001",
    "created_at": "2026-11-25T10:00:00Z",
    "updated_at": "2026-11-25T10:00:00Z",
    "coverage": "covered",
    "delivery": "label",
    "expires_at": "2026-12-23T10:00:00Z",
    "items": [NEW_ITEM],
}
NEW_ITEMS: dict[str, Any] = {"items": [NEW_ITEM]}

ITEM: dict[str, Any] = {
    "external_id": "1",
    "line_external_id": "11",
    "quantity": 1,
    "type": "exchange",
    "coverage": "",
    "sku": "JUMP-B-M",
    "product_name": "Wool jumper",
    "variant_name": "Blue / M",
    "new_sku": "JUMP-B-L",
    "new_product_name": "Wool jumper",
    "new_variant_name": "Blue / L",
    "value": "42.5",
    "recorded_at": "2026-11-25T10:00:02.418201Z",
}
RETURN: dict[str, Any] = {
    "external_id": "R-77",
    "order_external_id": "5001",
    "order_number": "#1001",
    "waits_for": None,
    "customer_id": "77",
    "status": "requested",
    "coverage": "covered",
    "delivery": "label",
    "new_order_number": "",
    "currency": "EUR",
    "value": None,
    "created_at": "2026-11-25T10:00:00Z",
    "approved_at": None,
    "in_transit_at": None,
    "received_at": None,
    "refunded_at": None,
    "closed_at": None,
    "expired_at": None,
    "declined_at": None,
    "cancelled_at": None,
    "expires_at": "2026-12-23T10:00:00Z",
    "updated_at": "2026-11-25T10:00:00Z",
    "recorded_at": "2026-11-25T10:00:02.418201Z",
}
WRITTEN_RETURN: dict[str, Any] = RETURN | {"event_ids": ["1051", "1052"]}
RETURN_DETAIL: dict[str, Any] = RETURN | {"items": [ITEM]}
