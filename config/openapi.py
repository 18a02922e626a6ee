"""What the description of the API says of the API as a whole."""

from __future__ import annotations

from typing import Any

SETTINGS: dict[str, Any] = {
    "TITLE": "Tidings",
    "DESCRIPTION": "What happened to a merchant's orders and parcels, and what became of telling it. "
    "Conventions: docs/api.md.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [],
    "TAGS": [
        {"name": "Events", "description": "The history."},
        {"name": "Orders", "description": "Orders of the shop, told by its webhooks and by clients."},
        {"name": "Shipments", "description": "The parcels of orders, and what happened to them on their way."},
        {"name": "Stalled policy", "description": "When an order or a parcel counts as stalled, late or early."},
        {"name": "Customers", "description": "Shoppers, and what they do."},
        {"name": "Sending", "description": "Whether events arrive, and sending them once more."},
    ],
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "tdg_live_… of a merchant, tdg_staff_… of a CSM",
            }
        }
    },
    "SECURITY": [{"token": []}],
}
