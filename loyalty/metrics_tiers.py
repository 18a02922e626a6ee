"""Pack `loyalty`, the metric of tiers."""

from __future__ import annotations

from typing import Any

from integrations.catalog import Metric, Property, catalog
from loyalty import facts, profile_tiers
from loyalty.facts import TierUpdated
from loyalty.metrics import LOYALTY
from loyalty.models import TierTransition
from tracking import money

TYPES = (
    TierTransition.Type.SPENDING_DOWNGRADE,
    TierTransition.Type.SPENDING_UPGRADE,
    TierTransition.Type.SPENDING_EXTEND,
    TierTransition.Type.SPENDING_ASSIGN,
    TierTransition.Type.MANUAL_ASSIGN,
)
"""What leads to a transition, in OMNI's words."""


def _amount(fact: TierUpdated, minor: int) -> float:
    return float(money.major(minor, fact.merchant.currency) or 0)


def _maintain(fact: TierUpdated) -> float | None:
    tier = fact.after
    return _amount(fact, tier.maintain_minor) if tier and not tier.terms.is_custom else None


def _needed(fact: TierUpdated) -> float | None:
    if fact.following is None:
        return None
    return _amount(fact, max(fact.following.entry_minor - fact.transition.spend_minor, 0))


def _text(name: str, doc: str, example: str, read: Any) -> Property[TierUpdated]:
    return Property(name, "string", doc, read, example=example)


catalog.register(
    Metric(
        number=33,
        key="tiers_updated",
        name="Tiers updated",
        pack=LOYALTY,
        fact=facts.TierUpdated,
        doc="A member came into a tier, kept it for another period, or left it.",
        unique_id=lambda f: f"tier:{f.transition.pk}",
        unique_id_example="tier:5130",
        identity="tier:{transition_id}",
        occurred_at=lambda f: f.transition.effective_at,
        properties=(
            Property(
                "Type",
                "string",
                f"One of {', '.join(each.value for each in TYPES)}.",
                lambda f: str(f.transition.type),
                example=TierTransition.Type.SPENDING_UPGRADE.value,
                choices=tuple(each.value for each in TYPES),
                is_always_sent=True,
            ),
            _text(
                "TierId", "The tier's key; none: the member holds no tier.", "gold", lambda f: f.after and f.after.key
            ),
            _text("TierName", "What it is called.", "Gold", lambda f: f.after and f.after.name),
            _text("PreviousTierId", "The key of the tier before.", "silver", lambda f: f.before and f.before.key),
            _text("PreviousTierName", "What that is called.", "Silver", lambda f: f.before and f.before.name),
            Property(
                "TierExpiresAt",
                "datetime",
                "The midnight at which the tier ends, or is looked at again; none: it stays.",
                lambda f: f.transition.expires_at and f.transition.expires_at.isoformat(),
                example="2027-11-21T05:00:00+00:00",
            ),
            Property(
                "Spend365",
                "number",
                "What the member had spent in 365 days, net of refunds, in the merchant's currency.",
                lambda f: _amount(f, f.transition.spend_minor),
                example=520.0,
                is_always_sent=True,
            ),
            Property(
                "MaintainSpend",
                "number",
                "What must be spent in 365 days to keep the tier when it is looked at again.",
                _maintain,
                example=400.0,
            ),
            _text(
                "NextTierName",
                "The next tier by spending, if any.",
                "Platinum",
                lambda f: f.following and f.following.name,
            ),
            Property("NextTierSpendNeeded", "number", "What was missing to come into it.", _needed, example=480.0),
        ),
        told_apart_by=("Type", "TierName"),
        profile=profile_tiers.TIER_PROFILE,
    ),
)
