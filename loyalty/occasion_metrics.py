"""Pack `loyalty` (OMNI), continued: accounts, rewards, points about to run out, and birth months."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integrations.catalog import Metric, Property, catalog
from loyalty import expiring_profile, occasions, profile, rechecks
from loyalty.metrics import BALANCE_PROFILE, LOYALTY
from loyalty.models import IssuedReward, Member, Reward
from loyalty.occasions import BirthMonthEntered, MemberRegistered, PointsExpiring, RewardIssued
from tracking.shopify.customers import ACTIVATION, SIGN_UP

MONTH_EXAMPLE = 11


def _birth_month(read: Any) -> Property[Any]:
    return Property("BirthMonth", "integer", "1 to 12.", read, example=MONTH_EXAMPLE, is_always_sent=True)


def _iso(instant: Any) -> str | None:
    return instant and str(instant.isoformat())


REGISTERED: Sequence[Property[MemberRegistered]] = (
    Property(
        "MemberStatus",
        "string",
        "registered.",
        lambda f: str(f.member.status),
        example=Member.Status.REGISTERED.value,
        choices=(Member.Status.REGISTERED.value,),
        is_always_sent=True,
    ),
    Property(
        "RegistrationMethod",
        "string",
        f"{SIGN_UP}: the customer made the account; {ACTIVATION}: one who was known activated it, as after an invitation; "
        "of accounts that a client of the API tells of: where they were made.",
        lambda f: f.method,
        example=SIGN_UP,
    ),
    Property(
        "WelcomeBonusPoints",
        "integer",
        "Points for it; 0: none.",
        lambda f: f.welcome_points,
        example=100,
        is_always_sent=True,
    ),
    Property(
        "WelcomeReward",
        "string",
        "The name of the reward for it, where there is one.",
        lambda f: f.welcome_reward,
        example="Free tea strainer",
    ),
)

ISSUED: Sequence[Property[RewardIssued]] = (
    Property(
        "RewardId",
        "string",
        "The reward's id: the same for all who get it.",
        lambda f: str(f.issued.reward_id),
        example="12",
        is_always_sent=True,
    ),
    Property(
        "RewardName",
        "string",
        "What it is called.",
        lambda f: f.issued.reward.name,
        example="5 € off",
        is_always_sent=True,
    ),
    Property(
        "RewardType",
        "string",
        f"One of {', '.join(Reward.Kind.values)}.",
        lambda f: str(f.issued.reward.kind),
        example=Reward.Kind.DISCOUNT_CODE.value,
        choices=tuple(Reward.Kind.values),
        is_always_sent=True,
    ),
    Property(
        "Source",
        "string",
        f"One of {', '.join(IssuedReward.Source.values)}.",
        lambda f: str(f.issued.source),
        example=IssuedReward.Source.POINTS_REDEMPTION.value,
        choices=tuple(IssuedReward.Source.values),
        is_always_sent=True,
    ),
    Property(
        "PointsSpent",
        "integer",
        "Points that it cost the member; 0: none.",
        lambda f: f.issued.points_spent,
        example=80,
        is_always_sent=True,
    ),
    Property(
        "DiscountCode", "string", "Its code, where it has one.", lambda f: f.issued.told_code, example="TEA-7KQ2M9XB"
    ),
    Property(
        "ExpiresAt",
        "datetime",
        "From when on it cannot be used; left out: never.",
        lambda f: _iso(f.issued.expires_at),
        example="2026-12-21T05:00:00+00:00",
    ),
    Property(
        "BalanceAfter",
        "integer",
        "The member's points then; below 0: owed.",
        lambda f: f.balance_after,
        example=160,
        is_always_sent=True,
    ),
)

EXPIRING: Sequence[Property[PointsExpiring]] = (
    Property(
        "PointsExpiring",
        "integer",
        "How many run out on that date.",
        lambda f: sum(each.points for each in f.lots),
        example=80,
        is_always_sent=True,
    ),
    Property(
        "ExpiresAt",
        "datetime",
        "The midnight from which on they cannot be spent any more.",
        lambda f: _iso(f.expires_at),
        example="2026-12-22T05:00:00+00:00",
        is_always_sent=True,
    ),
    Property(
        "DaysToExpiry",
        "integer",
        "Days from the event's date to that one; at most WindowDays.",
        lambda f: (f.expiry_day - f.day).days,
        example=30,
        is_always_sent=True,
    ),
    Property(
        "Balance",
        "integer",
        "All of the member's points.",
        lambda f: f.member.balance,
        example=240,
        is_always_sent=True,
    ),
    Property(
        "WindowDays",
        "integer",
        "How many days before members are warned: one of the merchant's settings.",
        lambda f: f.window_days,
        example=30,
        is_always_sent=True,
    ),
    Property(
        "$extra",
        "object",
        "Lots: the points that run out, each with when they were added, for templates.",
        lambda f: {"Lots": [{"Points": each.points, "AddedAt": each.added_at.isoformat()} for each in f.lots]},
        example={"Lots": [{"Points": 80, "AddedAt": "2025-12-21T10:00:00+00:00"}]},
    ),
)

ENTERED: Sequence[Property[BirthMonthEntered]] = (
    _birth_month(lambda f: f.day.month),
    Property(
        "BirthdayPoints", "integer", "Points for it; 0: none.", lambda f: f.points, example=50, is_always_sent=True
    ),
    Property(
        "RewardName",
        "string",
        "The reward for it, where there is one.",
        lambda f: f.issued and f.issued.reward.name,
        example="5 € off",
    ),
    Property(
        "DiscountCode",
        "string",
        "Its code, where it has one.",
        lambda f: f.issued and f.issued.told_code,
        example="TEA-7KQ2M9XB",
    ),
    Property(
        "RewardExpiresAt",
        "datetime",
        "From when on it cannot be used; left out: never.",
        lambda f: f.issued and _iso(f.issued.expires_at),
        example="2026-12-01T05:00:00+00:00",
    ),
    Property("TierName", "string", "The member's tier, where there is one.", lambda f: f.tier_name, example="Gold"),
)

catalog.register(
    Metric(
        number=28,
        key="member_account_registered",
        name="Member account registered",
        pack=LOYALTY,
        fact=occasions.MemberRegistered,
        doc="A member made an account in the shop, or accepted the invitation to one.",
        unique_id=lambda f: f"member_registered:{f.member.customer_id}",
        unique_id_example="member_registered:7",
        identity="member_registered:{customer_id}",
        occurred_at=lambda f: f.registered_at,
        properties=REGISTERED,
        profile=(profile.MEMBER_STATUS, profile.MEMBER_STATUS_UPDATED_AT),
    ),
    Metric(
        number=31,
        key="points_expiring",
        name="Points expiring",
        pack=LOYALTY,
        fact=occasions.PointsExpiring,
        doc="Points of a member run out soon: all that do on one date, once for each of the merchant's windows.",
        unique_id=lambda f: f"points_expiring:{f.member.customer_id}:{f.expiry_day}:{f.window_days}",
        unique_id_example="points_expiring:7:2026-12-22:30",
        identity="points_expiring:{customer_id}:{expiry_date}:{window_days}",
        occurred_at=lambda f: f.midnight,
        properties=EXPIRING,
        told_apart_by=("PointsExpiring", "DaysToExpiry"),
        profile=(expiring_profile.POINTS_EXPIRING_NEXT, expiring_profile.POINTS_EXPIRING_NEXT_AT),
        fresh_until=lambda f: f.expires_at,
        recheck=rechecks.spent_meanwhile,
    ),
    Metric(
        number=34,
        key="reward_issued",
        name="Reward issued",
        pack=LOYALTY,
        fact=occasions.RewardIssued,
        doc="A member got a reward, for points or as a present.",
        unique_id=lambda f: f"reward:{f.issued.pk}",
        unique_id_example="reward:311",
        identity="reward:{issuance_id}",
        occurred_at=lambda f: f.issued.issued_at,
        properties=ISSUED,
        told_apart_by=("RewardName", "Source"),
        profile=BALANCE_PROFILE,
    ),
    Metric(
        number=35,
        key="birth_month_captured",
        name="Birth month captured",
        pack=LOYALTY,
        fact=occasions.BirthMonthCaptured,
        doc="A member who had an account already said in which month they were born.",
        unique_id=lambda f: f"birth_month_captured:{f.member.customer_id}:{f.month:02}",
        unique_id_example="birth_month_captured:7:11",
        identity="birth_month_captured:{customer_id}:{MM}",
        occurred_at=lambda f: f.captured_at,
        properties=(_birth_month(lambda f: f.month),),
        profile=(profile.BIRTH_MONTH, profile.BIRTH_MONTH_UPDATED_AT),
    ),
    Metric(
        number=36,
        key="birth_month_entered",
        name="Birth month entered",
        pack=LOYALTY,
        fact=occasions.BirthMonthEntered,
        doc="A member's birth month came: on its first day, or on the day after it was said in that month.",
        unique_id=lambda f: f"birth_month_entered:{f.member.customer_id}:{f.day.year}",
        unique_id_example="birth_month_entered:7:2026",
        identity="birth_month_entered:{customer_id}:{YYYY}",
        occurred_at=lambda f: f.midnight,
        properties=ENTERED,
        profile=(profile.BIRTH_MONTH,),
        fresh_until=lambda f: f.until,
    ),
)
