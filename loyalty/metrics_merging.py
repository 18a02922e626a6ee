"""Pack `loyalty`, the metric of two customers who turn out to be one."""

from __future__ import annotations

from typing import Any

from integrations.catalog import Metric, Property, catalog
from loyalty import occasions, profile_tiers
from loyalty.metrics import BALANCE_PROFILE, LOYALTY
from loyalty.occasions import CustomerMerged


def _always(name: str, type: str, doc: str, example: Any, read: Any) -> Property[CustomerMerged]:
    return Property(name, type, doc, read, example=example, is_always_sent=True)


def _tier(name: str, doc: str, example: str, read: Any) -> Property[CustomerMerged]:
    return Property(name, "string", doc, read, example=example)


catalog.register(
    Metric(
        number=37,
        key="customer_merged",
        name="Customer merged",
        pack=LOYALTY,
        fact=occasions.CustomerMerged,
        doc="The shop made one customer of two, and the programme one member. It belongs to the customer who is kept.",
        unique_id=lambda f: f"merge:{f.source_customer}:{f.member.customer_id}",
        unique_id_example="merge:9:7",
        identity="merge:{source_id}:{destination_id}",
        occurred_at=lambda f: f.merged_at,
        properties=(
            _always(
                "SourceCustomerId", "string", "The customer who is given up.", "9", lambda f: str(f.source_customer)
            ),
            _always(
                "DestinationCustomerId",
                "string",
                "The customer who is kept.",
                "7",
                lambda f: str(f.member.customer_id),
            ),
            _always(
                "BalanceBefore",
                "integer",
                "Points of the one who is kept, before it; below 0: owed.",
                80,
                lambda f: f.balance_before,
            ),
            _always(
                "BalanceAfter", "integer", "Points of both, after it; below 0: owed.", 240, lambda f: f.balance_after
            ),
            _tier(
                "TierBefore",
                "The tier of the one who is kept, before it; none: they held none.",
                "Silver",
                lambda f: f.tier_before and f.tier_before.name,
            ),
            _tier(
                "TierAfter",
                "The tier after it; none: they hold none.",
                "Gold",
                lambda f: f.tier_after and f.tier_after.name,
            ),
        ),
        profile=(*BALANCE_PROFILE, *profile_tiers.TIER_PROFILE),
    ),
)
