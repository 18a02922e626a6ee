"""Examples of what is told of the activity log, for the documentation."""

from __future__ import annotations

from typing import Any

NEW_ENTRY: dict[str, Any] = {
    "entry_id": "88213",
    "kind": "failed.payment",
    "occurred_at": "2026-11-20T10:00:00Z",
    "customer": {"email": "ada@example.com", "external_id": "5932"},
    "data": {"Amount": 47.95, "FailureReason": "card_declined"},
    "plan": {"schedule": "Weekly", "box": "Small box", "status": "Active", "subscribed": True},
}
ENTRY: dict[str, Any] = {
    "id": "4711",
    "entry_id": "88213",
    "kind": "failed.payment",
    "occurred_at": "2026-11-20T10:00:00Z",
    "customer_id": "77",
    "data": {"Amount": 47.95, "FailureReason": "card_declined"},
    "state": "told",
    "note": "",
    "is_history": False,
    "recorded_at": "2026-11-20T10:00:02.204112Z",
    "parsed_at": "2026-11-20T10:00:03.118201Z",
}
RECORDED: dict[str, Any] = {"entry_id": "88213", "customer_id": "77", "is_new": True}
