"""Examples for the documentation: a member, what she has, and what she gets."""

from __future__ import annotations

from typing import Any

NEW_ADJUSTMENT: dict[str, Any] = {"external_id": "A-17", "points": 50, "reason": "The parcel came late"}
NEW_REDEMPTION: dict[str, Any] = {"external_id": "till-3-118", "points": 40, "note": "At the till"}
REVERTING: dict[str, Any] = {"note": "Voided at the till"}
BIRTH_MONTH: dict[str, Any] = {"month": 12}
NEW_TIER: dict[str, Any] = {
    "external_id": "T-4",
    "tier": "friends",
    "reason": "She wrote about us",
    "until": "2027-06-30",
}
NEW_REWARD: dict[str, Any] = {
    "kind": "discount_code",
    "name": "5 € off",
    "points_cost": 50,
    "valid_days": 30,
    "codes": "pattern",
    "code_pattern": "TEA-########",
    "discount": "5",
}
NEW_CODES: dict[str, Any] = {"codes": ["AUTUMN-7F3K", "AUTUMN-9QXB"]}
REWARD_TO_ISSUE: dict[str, Any] = {"external_id": "app-551", "reward": "7"}
PROGRAMME_CHANGE: dict[str, Any] = {"based_on": 0, "points_per_unit": "1.5", "expiring_windows": [30, 7]}

MEMBER: dict[str, Any] = {
    "customer_id": "77",
    "status": "registered",
    "status_at": "2026-11-20T09:00:00Z",
    "source": "order",
    "balance": 120,
    "owed": 0,
    "balance_at": "2026-11-26T10:00:00Z",
    "tier": "silver",
    "tier_name": "Silver",
    "tier_since": "2026-11-20T09:00:00Z",
    "tier_expires_at": "2027-11-20T23:00:00Z",
    "birth_month": 12,
    "registered_at": "2026-11-20T09:00:00Z",
    "joined_at": "2026-11-20T09:00:00Z",
}
WHOLE_MEMBER: dict[str, Any] = MEMBER | {
    "pending": 38,
    "next_expiry": {"points": 80, "expires_at": "2027-11-20T23:00:00Z"},
    "currency": "EUR",
    "spent": "180",
    "next_tier": {"tier": "gold", "name": "Gold", "spend_needed": "320"},
}
ENTRY: dict[str, Any] = {
    "id": "901",
    "external_id": "A-17",
    "points": 50,
    "balance_after": 170,
    "source": "manual",
    "note": "The parcel came late",
    "actor": "API token “warehouse” (tdg_live_CjoiNWf…)",
    "order_external_id": "",
    "order_number": "",
    "effective_at": "2026-11-26T10:00:00Z",
    "recorded_at": "2026-11-26T10:00:00Z",
}
REDEMPTION: dict[str, Any] = ENTRY | {
    "id": "902",
    "external_id": "till-3-118",
    "points": -40,
    "balance_after": 130,
    "source": "reward_redemption",
    "note": "At the till",
}
REVERTED: dict[str, Any] = ENTRY | {
    "id": "903",
    "external_id": "",
    "points": 40,
    "balance_after": 170,
    "source": "reward_redemption_reverted",
    "note": "Voided at the till",
}
LOT: dict[str, Any] = {
    "id": "311",
    "entry_id": "901",
    "points": 50,
    "remaining": 50,
    "effective_at": "2026-11-26T10:00:00Z",
    "expires_at": "2027-11-26T23:00:00Z",
}
TRANSITION: dict[str, Any] = {
    "id": "61",
    "external_id": "T-4",
    "type": "manual_assign",
    "from_tier": "silver",
    "to_tier": "friends",
    "expires_at": "2027-06-30T22:00:00Z",
    "reason": "She wrote about us",
    "actor": "API token “warehouse” (tdg_live_CjoiNWf…)",
    "effective_at": "2026-11-26T10:00:00Z",
    "recorded_at": "2026-11-26T10:00:00Z",
}
REWARD: dict[str, Any] = NEW_REWARD | {
    "id": "7",
    "product_id": "",
    "discount_unit": "amount",
    "created_at": "2026-11-20T09:00:00Z",
    "retired_at": None,
}
TIER: dict[str, Any] = {
    "key": "gold",
    "kind": "spending",
    "name": "Gold",
    "names": {"fr": "Or"},
    "currency": "EUR",
    "entry_spend": "500",
    "maintain_spend": "400",
    "period_days": 365,
    "points_per_unit": "2",
    "bonus_points": 100,
    "position": 2,
    "created_at": "2026-11-20T09:00:00Z",
    "retired_at": None,
}
ISSUED: dict[str, Any] = {
    "id": "4001",
    "external_id": "app-551",
    "reward": "7",
    "kind": "discount_code",
    "name": "5 € off",
    "source": "points_redemption",
    "points_spent": 50,
    "code": "TEA-7K3QXPW9",
    "status": "open",
    "issued_at": "2026-11-26T10:00:00Z",
    "expires_at": "2026-12-26T23:00:00Z",
    "used_at": None,
    "deactivated_at": None,
    "expired_at": None,
}
PROGRAMME: dict[str, Any] = {
    "version": 1,
    "version_in_force": 1,
    "effective_at": "2026-11-20T09:00:00Z",
    "created_at": "2026-11-20T09:00:00Z",
    "changes": ["Points for each unit of currency: 1.50"],
    "points_per_unit": "1.5",
    "pending_days": None,
    "expiry": "after_days",
    "expiry_days": 365,
    "expires_at_month_end": False,
    "welcome_points": 0,
    "welcome_reward": None,
    "birthday_points": 0,
    "birthday_reward": None,
    "expiring_windows": [30, 7],
}
FIGURES: dict[str, Any] = {
    "members": 412,
    "outstanding": 38_250,
    "owed": 120,
    "pending": 2_040,
    "days": [
        {
            "date": "2026-11-26",
            "points_added": 940,
            "points_subtracted": 300,
            "points_expired": 0,
            "outstanding": 38_250,
        }
    ],
}
