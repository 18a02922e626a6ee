"""Pack `loyalty` (OMNI): members, and the points that they get, spend and lose."""

from __future__ import annotations

from typing import Any

from integrations.catalog import Metric, Pack, Property, catalog
from loyalty import facts, profile, profile_tiers
from loyalty.facts import PointsExpired, PointsMoved
from loyalty.models import Member, PointSource

LOYALTY = Pack(
    "loyalty",
    "Loyalty",
    "Members of the merchant's programme, and their points. Names of profile properties begin with the merchant's own prefix: "
    "“loyalty_”, unless it chose another word.",
)

ADDING = (
    PointSource.PURCHASE,
    PointSource.MANUAL,
    PointSource.BIRTHDAY_BONUS,
    PointSource.WELCOME_BONUS,
    PointSource.TIER_BONUS,
    PointSource.REWARD_REDEMPTION_REVERTED,
    PointSource.ONE_TIME_CAMPAIGN,
    PointSource.SHOPIFY_FLOW_ACTION,
    PointSource.OFFLINE_PURCHASE,
)
"""Where points come from, in OMNI's words."""

SUBTRACTING = (PointSource.ORDER_REFUND, PointSource.REWARD_REDEMPTION, PointSource.MANUAL)
"""What takes points, in OMNI's words. Expiry is told by a metric of its own."""

BALANCE_PROFILE = (profile.POINT_BALANCE, profile.POINT_BALANCE_UPDATED_AT)

NOTE: Property[PointsMoved] = Property(
    "Note", "string", "What was written beside it.", lambda f: f.entry.note, example="A parcel came late."
)
BALANCE_AFTER: Property[Any] = Property(
    "BalanceAfter",
    "integer",
    "The member's points then; below 0: owed.",
    lambda f: f.entry.balance_after,
    example=240,
    is_always_sent=True,
)
ORDER_NUMBER: Property[Any] = Property(
    "OrderNumber",
    "string",
    "The order's name, where it is about one.",
    lambda f: f.entry.order_number,
    example="#1001",
)


def _points(doc: str) -> Property[PointsMoved]:
    return Property("Points", "integer", doc, lambda f: abs(f.entry.points), example=80, is_always_sent=True)


def _source(sources: tuple[PointSource, ...], example: PointSource) -> Property[PointsMoved]:
    words = tuple(each.value for each in sources)
    return Property(
        "Source",
        "string",
        f"One of {', '.join(words)}.",
        lambda f: str(f.entry.source),
        example=example.value,
        choices=words,
        is_always_sent=True,
    )


def _lots(fact: PointsExpired) -> dict[str, Any]:
    return {"Lots": [{"Points": each.points, "AddedAt": each.added_at.isoformat()} for each in fact.lots]}


catalog.register(
    Metric(
        number=27,
        key="member_activated",
        name="Member activated",
        pack=LOYALTY,
        fact=facts.MemberActivated,
        doc="A customer became known, and so a member of the programme.",
        unique_id=lambda f: f"member_activated:{f.member.customer_id}",
        unique_id_example="member_activated:7",
        identity="member_activated:{customer_id}",
        occurred_at=lambda f: f.member.customer.created_at,
        properties=(
            Property(
                "MemberStatus",
                "string",
                "activated, or registered with an account.",
                lambda f: str(f.member.status),
                example=Member.Status.ACTIVATED.value,
                choices=tuple(Member.Status.values),
                is_always_sent=True,
            ),
            Property(
                "Source",
                "string",
                "What told of the member first: an order, the shop's customers, or a code from an offline purchase.",
                lambda f: str(f.member.source),
                example=Member.Source.ORDER.value,
                choices=tuple(Member.Source.values),
                is_always_sent=True,
            ),
        ),
        profile=(
            profile.MEMBER_STATUS,
            profile.MEMBER_STATUS_UPDATED_AT,
            profile.POINT_BALANCE,
            profile_tiers.MEMBER_TIER,
            profile_tiers.MEMBER_TIER_NAME,
        ),
    ),
    Metric(
        number=29,
        key="points_added",
        name="Points added",
        pack=LOYALTY,
        fact=facts.PointsAdded,
        doc="Points were added to a member's balance. Pending ones are told of when they begin to count.",
        unique_id=lambda f: f"ledger:{f.entry.pk}",
        unique_id_example="ledger:5120",
        identity="ledger:{entry_id}",
        occurred_at=lambda f: f.entry.effective_at,
        properties=(
            _points("How many."),
            _source(ADDING, PointSource.PURCHASE),
            NOTE,
            BALANCE_AFTER,
            Property(
                "ExpiresAt",
                "datetime",
                "From when on they, or the first of them, cannot be spent any more.",
                lambda f: f.expires_at and f.expires_at.isoformat(),
                example="2027-11-22T05:00:00+00:00",
            ),
            ORDER_NUMBER,
        ),
        told_apart_by=("Points", "Source"),
        profile=BALANCE_PROFILE,
    ),
    Metric(
        number=30,
        key="points_subtracted",
        name="Points subtracted",
        pack=LOYALTY,
        fact=facts.PointsSubtracted,
        doc="Points were spent, or taken back. Expiry has a metric of its own.",
        unique_id=lambda f: f"ledger:{f.entry.pk}",
        unique_id_example="ledger:5121",
        identity="ledger:{entry_id}",
        occurred_at=lambda f: f.entry.effective_at,
        properties=(
            _points("How many."),
            _source(SUBTRACTING, PointSource.ORDER_REFUND),
            NOTE,
            BALANCE_AFTER,
            ORDER_NUMBER,
            Property(
                "RewardId",
                "string",
                "The reward's id, where they were spent on one.",
                lambda f: f.reward_id,
                example="12",
            ),
        ),
        told_apart_by=("Points", "Source"),
        examples={"RewardId": None},
        profile=BALANCE_PROFILE,
    ),
    Metric(
        number=32,
        key="points_expired",
        name="Points expired",
        pack=LOYALTY,
        fact=facts.PointsExpired,
        doc="Points ran out: all of a member's that did on one day.",
        unique_id=lambda f: f"points_expired:{f.member.customer_id}:{f.day}",
        unique_id_example="points_expired:7:2027-11-22",
        identity="points_expired:{customer_id}:{expiry_date}",
        occurred_at=lambda f: f.entry.effective_at,
        properties=(
            Property(
                "PointsExpired", "integer", "How many.", lambda f: -f.entry.points, example=80, is_always_sent=True
            ),
            Property(
                "ExpiredAt",
                "datetime",
                "The midnight at which they ran out.",
                lambda f: f.entry.effective_at.isoformat(),
                example="2027-11-22T05:00:00+00:00",
                is_always_sent=True,
            ),
            BALANCE_AFTER,
            Property(
                "$extra",
                "object",
                "Lots: the points that ran out, each with when they were added, for templates.",
                _lots,
                example={"Lots": [{"Points": 80, "AddedAt": "2026-11-20T10:00:00+00:00"}]},
            ),
        ),
        told_apart_by=("PointsExpired",),
        profile=BALANCE_PROFILE,
    ),
)

# The rest of the pack is declared beside it, with what this module has for all.
from loyalty import metrics_merging, metrics_tiers, occasion_metrics  # noqa: E402, F401
