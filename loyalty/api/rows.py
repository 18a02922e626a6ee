"""Members, what they have and what became of it, as they are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from integrations.models import Merchant
from loyalty import progress, standing
from loyalty.models import IssuedReward, LedgerEntry, Lot, Member, Programme, Reward, Tier, TierTransition
from loyalty.progress import Progress
from loyalty.services import programmes
from tracking import money

ADJUSTMENT, REDEMPTION, ISSUED, ASSIGNED = "api:adjustment:", "api:redemption:", "api:reward:", "api:tier:"
"""How causes begin that clients name by an `external_id` of their own."""

MEMBER = (
    "status",
    "status_at",
    "source",
    "balance",
    "balance_at",
    "tier_since",
    "tier_expires_at",
    "birth_month",
    "registered_at",
    "joined_at",
)
ENTRY = (
    "points",
    "balance_after",
    "source",
    "note",
    "actor",
    "order_external_id",
    "order_number",
    "effective_at",
    "recorded_at",
)
REWARD = (
    "name",
    "points_cost",
    "valid_days",
    "codes",
    "code_pattern",
    "product_id",
    "discount",
    "discount_unit",
    "created_at",
    "retired_at",
)
TIER = (
    "key",
    "kind",
    "name",
    "names",
    "period_days",
    "points_per_unit",
    "bonus_points",
    "position",
    "created_at",
    "retired_at",
)
ENDS = {"used": "used_at", "deactivated": "deactivated_at", "expired": "expired_at"}
"""Status of an issued reward that has ended -> when it did."""

OPEN = "open"


def member(row: Member) -> dict[str, Any]:
    """A member, whose tier is at hand."""
    tier = {"tier": row.tier.key if row.tier else None, "tier_name": row.tier.name if row.tier else ""}
    return {
        "customer_id": str(row.customer_id),
        **{name: getattr(row, name) for name in MEMBER},
        "owed": row.owes,
        **tier,
    }


def whole_member(merchant: Merchant, row: Member, *, at: datetime) -> dict[str, Any]:
    """A member with what is pending, what runs out next, and the way to the next tier: four statements."""
    stands = standing.of(merchant, row)
    expiry = stands.next_expiry
    way = progress.of(merchant, row, at=at)
    return member(row) | {
        "pending": stands.pending,
        "next_expiry": {"points": expiry[0], "expires_at": expiry[1]} if expiry else None,
        "currency": merchant.currency,
        "spent": money.major(way.spent_minor, merchant.currency),
        "next_tier": _next_tier(merchant, way),
    }


def entry(row: LedgerEntry) -> dict[str, Any]:
    """An entry of the ledger."""
    return {
        "id": str(row.pk),
        "external_id": _external_id(row.cause, ADJUSTMENT, REDEMPTION),
        **{name: getattr(row, name) for name in ENTRY},
    }


def lot(row: Lot) -> dict[str, Any]:
    """Points that came together."""
    known = ("points", "remaining", "effective_at", "expires_at")
    return {"id": str(row.pk), "entry_id": str(row.entry_id), **{name: getattr(row, name) for name in known}}


def transition(row: TierTransition) -> dict[str, Any]:
    """What happened to a member's tier."""
    return {
        "id": str(row.pk),
        "external_id": _external_id(row.cause, f"assigned:{ASSIGNED}"),
        "type": row.type,
        "from_tier": row.from_tier.key if row.from_tier else None,
        "to_tier": row.to_tier.key if row.to_tier else None,
        **{name: getattr(row, name) for name in ("expires_at", "reason", "actor", "effective_at", "recorded_at")},
    }


def tier(merchant: Merchant, row: Tier) -> dict[str, Any]:
    """A tier, with amounts in the merchant's currency."""
    asked = {"entry_spend": row.entry_minor, "maintain_spend": row.maintain_minor}
    return {
        **{name: getattr(row, name) for name in TIER},
        "currency": merchant.currency,
        **{name: money.major(amount, merchant.currency) for name, amount in asked.items()},
    }


def reward(row: Reward) -> dict[str, Any]:
    """A reward that is offered."""
    return {"id": str(row.pk), "kind": row.kind.lower(), **{name: getattr(row, name) for name in REWARD}}


def issued(row: IssuedReward) -> dict[str, Any]:
    """A reward that a member got; the reward and its code are at hand."""
    ended = (status for status, when in ENDS.items() if getattr(row, when) is not None)
    return {
        "id": str(row.pk),
        "external_id": _external_id(row.cause, ISSUED),
        "reward": str(row.reward_id),
        "kind": row.reward.kind.lower(),
        "name": row.reward.name,
        "source": row.source,
        "points_spent": row.points_spent,
        "code": row.told_code,
        "status": next(ended, OPEN),
        **{name: getattr(row, name) for name in ("issued_at", "expires_at", *ENDS.values())},
    }


def programme(row: Programme, in_force: Programme | None) -> dict[str, Any]:
    """A version of the rules, and which is in force."""
    rules = {name: getattr(row, name) for name in programmes.SHOWN}
    gifts = {f"{name}_reward": _key(getattr(row, f"{name}_reward_id")) for name in ("welcome", "birthday")}
    known = {name: getattr(row, name) for name in ("version", "effective_at", "created_at", "changes")}
    return known | {"version_in_force": in_force.version if in_force else None} | rules | gifts


def _next_tier(merchant: Merchant, way: Progress) -> dict[str, Any] | None:
    if way.following is None:
        return None
    needed = money.major(way.missing_minor, merchant.currency)
    return {"tier": way.following.key, "name": way.following.name, "spend_needed": needed}


def _external_id(cause: str, *starts: str) -> str:
    """What the client called it; "" for what no client did."""
    return next((cause.removeprefix(each) for each in starts if cause.startswith(each)), "")


def _key(key: int | None) -> str | None:
    return None if key is None else str(key)
