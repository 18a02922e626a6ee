"""Examples for the documentation: the same shop's order everywhere."""

from __future__ import annotations

from typing import Any

NEW_LINE: dict[str, Any] = {
    "external_id": "11",
    "product_name": "Wool jumper",
    "variant_name": "Blue / M",
    "sku": "JUMP-B-M",
    "quantity": 1,
    "price": "42.50",
    "product_url": "https://alba.example/jumper",
}
NEW_ORDER: dict[str, Any] = {
    "external_id": "5001",
    "number": "#1001",
    "placed_at": "2026-11-20T10:00:00+01:00",
    "updated_at": "2026-11-20T10:00:00+01:00",
    "customer": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron", "external_id": "77"},
    "currency": "EUR",
    "total": "42.50",
    "net_value": "38.60",
    "is_billed": True,
    "destination_country": "DE",
    "locale": "de",
    "lines": [NEW_LINE],
}
CANCELLATION: dict[str, Any] = {"cancelled_at": "2026-11-20T12:00:00Z", "cancel_reason": "customer"}
BILLING: dict[str, Any] = {"billed_at": "2026-11-20T09:05:00Z"}
COMPLETION: dict[str, Any] = {"completed_at": "2026-11-20T09:10:00Z"}
FULFILMENT: dict[str, Any] = {
    "external_id": "S-1",
    "shipped_at": "2026-11-21T08:30:00Z",
    "tracking_number": "1Z999AA10123456784",
    "carrier": "UPS",
    "items": [{"line_external_id": "11", "quantity": 1}],
}
NEW_SHIPMENT: dict[str, Any] = {"order_external_id": "5001", **FULFILMENT}
NEW_SCANS: dict[str, Any] = {
    "scans": [
        {"status": "in_transit", "occurred_at": "2026-11-21T18:00:00Z", "city": "Berlin", "country": "DE"},
        {"status": "out_for_delivery", "occurred_at": "2026-11-23T07:00:00Z", "expected_on": "2026-11-23"},
    ]
}

ORDER: dict[str, Any] = {
    "external_id": "5001",
    "number": "#1001",
    "status": "processing",
    "customer_id": "77",
    "currency": "EUR",
    "total": "42.5",
    "net_value": "38.6",
    "net_refunded": None,
    "is_test": False,
    "status_url": "",
    "destination_country": "DE",
    "locale": "de",
    "tracking_page_url": "https://tidings.example/t/Zk3vX9aPq1LrT7wYc2Ud8eHm/",
    "placed_at": "2026-11-20T09:00:00Z",
    "processing_at": "2026-11-20T09:00:00Z",
    "billed_at": "2026-11-20T09:00:00Z",
    "completed_at": None,
    "scheduled_on": None,
    "shipped_at": None,
    "delivered_at": None,
    "cancelled_at": None,
    "cancel_reason": "",
    "stalls_at": "2026-11-25T09:00:00Z",
    "stalled_at": None,
    "updated_at": "2026-11-20T09:00:00Z",
    "recorded_at": "2026-11-20T09:00:02.418201Z",
}
LINE: dict[str, Any] = {
    "external_id": "11",
    "product_name": "Wool jumper",
    "variant_name": "Blue / M",
    "sku": "JUMP-B-M",
    "product_id": "",
    "variant_id": "",
    "quantity": 1,
    "ordered": 1,
    "price": "42.5",
    "requires_shipping": True,
    "image_url": "",
    "product_url": "https://alba.example/jumper",
    "categories": None,
}
SHIPMENT: dict[str, Any] = {
    "external_id": "S-1",
    "order_external_id": "5001",
    "order_number": "#1001",
    "tracking_number": "1Z999AA10123456784",
    "carrier": "UPS",
    "service_level": "",
    "carrier_url": "",
    "destination_country": "",
    "items": [{"line_external_id": "11", "quantity": 1}],
    "status": "in_transit",
    "substatus": "",
    "status_message": "",
    "status_at": "2026-11-21T18:00:00Z",
    "shipped_at": "2026-11-21T08:30:00Z",
    "delivered_at": None,
    "promised_on": None,
    "expected_on": None,
    "last_scan_at": "2026-11-21T18:00:00Z",
    "stalls_at": "2026-11-26T00:00:00Z",
    "stalled_at": None,
    "delays_at": None,
    "delayed_at": None,
    "early_at": None,
    "updated_at": "2026-11-21T08:30:00Z",
    "recorded_at": "2026-11-21T08:30:01.104000Z",
}
SCAN: dict[str, Any] = {
    "status": "in_transit",
    "substatus": "",
    "raw_status": "",
    "message": "",
    "occurred_at": "2026-11-21T18:00:00Z",
    "recorded_at": "2026-11-21T18:00:04.250000Z",
    "city": "Berlin",
    "province": "",
    "country": "DE",
    "postal_code": "",
    "is_attempt": False,
    "is_transition": True,
}
ISSUE: dict[str, Any] = {
    "shipment_external_id": "S-1",
    "problem": "ShipmentStalled",
    "occurred_at": "2026-11-26T00:00:00Z",
    "recorded_at": "2026-11-26T00:00:31.000000Z",
    "still_since": "2026-11-21T18:00:00Z",
    "window_hours": 72,
    "resolved_at": None,
}
WRITTEN_ORDER: dict[str, Any] = ORDER | {"event_ids": ["1042", "1043"]}
WRITTEN_SHIPMENT: dict[str, Any] = SHIPMENT | {"event_ids": ["1044"]}
ORDER_DETAIL: dict[str, Any] = ORDER | {
    "stalled_policy_version": 3,
    "lines": [LINE],
    "shipments": [SHIPMENT],
    "issues": [ISSUE],
}
SHIPMENT_DETAIL: dict[str, Any] = SHIPMENT | {"scans": [SCAN], "issues": [ISSUE]}

OVERRIDE: dict[str, Any] = {"carrier": "ups", "destination": "international", "before_pickup": 96, "in_transit": 120}
POLICY_CHANGE: dict[str, Any] = {
    "based_on": 2,
    "hours_in_transit": 48,
    "home_country": "DE",
    "own_dates": ["2026-12-24"],
    "overrides": [OVERRIDE],
}
POLICY_TRIAL: dict[str, Any] = {"days": 60, "hours_in_transit": 48}
STALLED_POLICY: dict[str, Any] = {
    "version": 3,
    "created_at": "2026-11-20T10:00:00Z",
    "changes": ["Hours until a parcel counts as stalled in transit: 72 h → 48 h"],
    "hours_until_fulfillment": 72,
    "hours_before_pickup": 72,
    "hours_in_transit": 48,
    "days_until_delayed": 1,
    "days_early": 1,
    "excluded_weekdays": [5, 6],
    "home_country": "DE",
    "holiday_country": "DE",
    "holiday_region": "BY",
    "own_dates": ["2026-12-24"],
    "overrides": [OVERRIDE],
    "problems_off": [],
    "warnings": [],
}
PREVIEW: dict[str, Any] = {
    "days": 60,
    "start": "2026-09-21T10:00:00Z",
    "at": "2026-11-20T10:00:00Z",
    "orders": {
        "count": 412,
        "flagged": 9,
        "today": 9,
        "limits": {"Limit": 72},
        "hours_of_a_bar": 12,
        "hours": [{"label": "0 to 12 h", "count": 403, "flagged": 0, "today": 0}],
        "weekdays": [{"label": "Monday", "count": 9, "flagged": 9, "today": 9}],
        "carriers": [],
    },
    "parcels": {
        "count": 430,
        "flagged": 31,
        "today": 12,
        "limits": {"Before pick-up": 72, "In transit": 48},
        "hours_of_a_bar": 12,
        "hours": [{"label": "48 to 60 h", "count": 31, "flagged": 31, "today": 12}],
        "weekdays": [{"label": "Monday", "count": 31, "flagged": 31, "today": 12}],
        "carriers": [{"label": "UPS", "count": 31, "flagged": 31, "today": 12}],
    },
    "warnings": [],
}

NEW_ACCOUNT: dict[str, Any] = {
    "customer": {"email": "ada@example.com", "external_id": "5932"},
    "occurred_at": "2026-11-20T10:00:00Z",
    "source": "shop",
}

CUSTOMER_ACCOUNT: dict[str, Any] = {"customer_id": "77", "event_ids": ["1043"]}

NEW_WISH: dict[str, Any] = {
    "customer": {"email": "ada@example.com"},
    "product_name": "Wool jumper",
    "variant_name": "Blue / M",
    "product_id": "632910392",
    "variant_id": "808950810",
    "sku": "JUMP-B-M",
    "product_url": "https://alba.example/jumper",
    "added_at": "2026-11-22T19:30:00Z",
}
WISH: dict[str, Any] = {
    "id": "1207",
    "customer_id": "77",
    "product_id": "632910392",
    "variant_id": "808950810",
    "sku": "JUMP-B-M",
    "product_name": "Wool jumper",
    "variant_name": "Blue / M",
    "image_url": "",
    "product_url": "https://alba.example/jumper",
    "order_number": "",
    "added_at": "2026-11-22T19:30:00Z",
    "recorded_at": "2026-11-22T19:30:01.204112Z",
}
