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

CUSTOMER: dict[str, Any] = {
    "id": "77",
    "email": "ada@example.com",
    "phone": "+4930901820",
    "first_name": "Ada",
    "last_name": "Byron",
    "company": "",
    "external_ids": ["5932"],
    "consent": {"email": {"state": "subscribed", "at": "2026-11-01T09:00:00+00:00"}},
    "updates": {"email": "2026-11-01T09:00:00+00:00"},
    "status": "active",
    "created_at": "2026-11-01T09:00:00Z",
    "account_created_at": "2026-11-03T18:20:00Z",
}

SUPPRESSION: dict[str, Any] = {
    "email": "ada@example.com",
    "customer_id": "77",
    "reason": "opted_out",
    "suppressed_at": "2026-11-20T10:00:02Z",
    "lifted_at": None,
    "seen_at": "2026-11-21T02:10:00Z",
    "missing_since": None,
}

PERSON: dict[str, Any] = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron"}

NEW_OPT_OUT: dict[str, Any] = {
    "customer": {"email": "ada@example.com"},
    "channels": ["email"],
    "occurred_at": "2026-11-20T10:00:00Z",
}

OPT_OUT: dict[str, Any] = {"customer_id": "77", "notes": ["email consent of customer 77 is unsubscribed"]}

ERASURE: dict[str, Any] = {
    "customer_id": "77",
    "erased_at": "2026-11-20T10:00:00+00:00",
    "is_passed_on": True,
    "emptied": {"deliveries": 12, "events": 12, "messages": 4, "orders": 1},
}

CUSTOMER_DATA: dict[str, Any] = {
    "made_at": "2026-11-20T10:00:00+00:00",
    "merchant": "Alba Goods",
    "customer": {"id": "77", "email": "ada@example.com", "ids": [{"source": "shop", "external_id": "5932"}]},
    "consents": [],
    "profile_changes": [],
    "suppressions": [],
    "events": [{"occurred_at": "2026-11-20T09:12:00+00:00", "metric_name": "Processing order", "deliveries": []}],
    "messages": [],
    "orders": [{"number": "#1001", "lines": []}],
    "shipments": [],
    "returns": [],
}

NEW_SUBSCRIPTION: dict[str, Any] = {
    "customer": {"email": "ada@example.com", "phone": "030 901820", "country": "DE"},
    "channels": ["email", "sms"],
    "marketing": True,
    "text": "Yes, send me news and offers by e-mail and SMS. I can end this at any time.",
    "text_version": "2026-11",
    "source": "Checkout",
    "origin": "https://alba-goods.example/checkout",
    "occurred_at": "2026-11-20T10:00:00Z",
}

SUBSCRIPTION: dict[str, Any] = {
    "customer_id": "77",
    "consent_id": "12",
    "subscribed": ["email", "sms"],
    "opted_out": [],
}

METRIC: dict[str, Any] = {
    "number": None,
    "key": "custom_gift_wrapped",
    "name": "Gift wrapped",
    "pack": "custom",
    "is_on": True,
    "is_optional": False,
    "description": "The shop wrapped an order as a gift.",
    "unique_id": "as reported",
    "properties": [{"name": "Paper", "type": "string", "description": "Its pattern.", "is_required": True}],
    "profile_properties": [],
    "schema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Gift wrapped",
        "description": "The shop wrapped an order as a gift.",
        "type": "object",
        "properties": {"Paper": {"type": "string", "description": "Its pattern.", "examples": ["text"]}},
        "required": ["Paper"],
        "additionalProperties": True,
    },
    "example": {"unique_id": "as-reported", "value": None, "value_currency": "", "properties": {"Paper": "text"}},
}

NEW_METRIC: dict[str, Any] = {
    "key": "custom_gift_wrapped",
    "name": "Gift wrapped",
    "description": "The shop wrapped an order as a gift.",
    "properties": [{"name": "Paper", "type": "string", "description": "Its pattern.", "is_required": True}],
}

NEW_EVENT: dict[str, Any] = {
    "metric": "custom_gift_wrapped",
    "unique_id": "wrap-1001",
    "occurred_at": "2026-11-20T10:00:00Z",
    "customer": PERSON,
    "order_number": "#1001",
    "properties": {"Paper": "Stars"},
}

CUSTOM_EVENT: dict[str, Any] = EVENT | {
    "id": "1043",
    "metric": "custom_gift_wrapped",
    "metric_name": "Gift wrapped",
    "tracking_number": "",
    "unique_id": "wrap-1001",
    "value": None,
    "value_currency": "",
    "properties": {"Paper": "Stars"},
}

CONNECTION: dict[str, Any] = {
    "id": "3",
    "kind": "klaviyo",
    "state": "paused_auth",
    "state_detail": "401: Incorrect authentication credentials.",
    "state_since": "2026-11-20T10:00:00Z",
    "account_id": "fnVRrd",
    "account_name": "Alba",
    "missing_scopes": [],
    "checked_at": "2026-11-20T10:00:00Z",
    "launch_at": "2026-11-01T09:00:00Z",
    "launched_at": "2026-11-01T09:00:00Z",
    "backfill_days": 0,
    "freshness_hours": 72,
    "last_received_at": "2026-11-20T10:04:11.301244Z",
    "last_accepted_at": "2026-11-20T09:58:40.120004Z",
    "waiting": 12,
    "held": 0,
    "failed": 0,
    "concerns": [
        {
            "text": "the key is refused",
            "is_urgent": True,
            "advice": "Make a new private key in Klaviyo that has every scope, and enter it on the page Connections.",
        }
    ],
    "to_do": [{"text": "The key works", "detail": "Paused: the key is refused"}],
}

TIMELINE: list[dict[str, Any]] = [
    {
        "at": "2026-11-20T10:00:00Z",
        "kind": "event",
        "title": "Recorded: ShipmentCreated",
        "detail": "",
        "about": "1Z999AA10123456784",
        "answer": "",
        "event_id": "1042",
        "reason": "",
    },
    {
        "at": "2026-11-20T10:00:03Z",
        "kind": "delivery",
        "title": "Not sent: ShipmentCreated",
        "detail": "It is older than the days before the launch that are sent.",
        "about": "1Z999AA10123456784",
        "answer": "",
        "event_id": "1042",
        "reason": "before_window",
    },
]

REPLAY: dict[str, Any] = {
    "id": "5",
    "state": "running",
    "created_at": "2026-11-20T10:00:00Z",
    "finished_at": None,
    "filter": {"state": "failed", "occurred_after": "2026-11-19T00:00:00Z"},
    "total": 1204,
    "done": 500,
    "resent": 498,
}
