"""Shapes of what is told of members, their points and rewards, for the documentation."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from integrations.api.schemas import AMOUNT, KEY, page_of
from loyalty.api import rows
from loyalty.api.bodies import KINDS
from loyalty.models import IssuedReward as Issued
from loyalty.models import Member as MemberRow
from loyalty.models import PointSource, Programme, TierTransition
from loyalty.models import Reward as RewardRow
from loyalty.models import Tier as TierRow

BY_CLIENT = "What a client called it; blank: no client did it."
TIER_KEY = "The key of the tier; null: none."
NO_REWARD = "The id of the reward; null: none."


def _instant(text: str = "") -> serializers.DateTimeField:
    """That may be null."""
    return serializers.DateTimeField(allow_null=True, help_text=text)


class Member(serializers.Serializer[Any]):
    """A customer as a member of the programme."""

    customer_id = serializers.CharField(help_text="The customer: by it a member is known.")
    status = serializers.ChoiceField(choices=MemberRow.Status.values, help_text="`registered`: with an account.")
    status_at = serializers.DateTimeField()
    source = serializers.ChoiceField(choices=MemberRow.Source.values, help_text="What told of the customer first.")  # type: ignore[assignment]
    balance = serializers.IntegerField(help_text="The sum of all entries; below 0: owed.")
    owed = serializers.IntegerField(help_text="Points that the next ones pay; until then nothing can be redeemed.")
    balance_at = _instant("When the balance last changed.")
    tier = serializers.CharField(allow_null=True, help_text=TIER_KEY)
    tier_name = serializers.CharField(allow_blank=True)
    tier_since = _instant()
    tier_expires_at = _instant("When it ends or is looked at again; null: never.")
    birth_month = serializers.IntegerField(allow_null=True, help_text="1 to 12.")
    registered_at = _instant()
    joined_at = serializers.DateTimeField()


class NextExpiry(serializers.Serializer[Any]):
    """Points that run out next, all at once."""

    points = serializers.IntegerField()
    expires_at = serializers.DateTimeField(help_text="From when on they cannot be spent.")


class NextTier(serializers.Serializer[Any]):
    """The next tier by spending."""

    tier = serializers.CharField(help_text="Its key.")
    name = serializers.CharField()
    spend_needed = serializers.CharField(help_text=f"What is missing to come into it. {AMOUNT}")


class WholeMember(Member):
    """A member with what is pending, what runs out next, and the way to the next tier."""

    pending = serializers.IntegerField(help_text="Points that will count later.")
    next_expiry = NextExpiry(allow_null=True, help_text="Null: nothing runs out.")
    currency = serializers.CharField(help_text="ISO 4217.")
    spent = serializers.CharField(help_text=f"Within the last 365 days. {AMOUNT}")
    next_tier = NextTier(allow_null=True, help_text="Null: there is none.")


class LedgerEntry(serializers.Serializer[Any]):
    """Points that were added (above 0) or subtracted (below 0). It is never changed."""

    id = serializers.CharField(help_text=KEY)
    external_id = serializers.CharField(allow_blank=True, help_text=BY_CLIENT)
    points = serializers.IntegerField()
    balance_after = serializers.IntegerField(help_text="The balance with it.")
    source = serializers.ChoiceField(choices=PointSource.values)  # type: ignore[assignment]
    note = serializers.CharField(allow_blank=True)
    actor = serializers.CharField(allow_blank=True, help_text="Who did it; blank: a rule.")
    order_external_id = serializers.CharField(allow_blank=True)
    order_number = serializers.CharField(allow_blank=True)
    effective_at = serializers.DateTimeField(help_text="When it happened.")
    recorded_at = serializers.DateTimeField(help_text="When it was posted.")


class Lot(serializers.Serializer[Any]):
    """Points that came together, and run out together."""

    id = serializers.CharField(help_text=KEY)
    entry_id = serializers.CharField(help_text="The entry of the ledger that they came with.")
    points = serializers.IntegerField()
    remaining = serializers.IntegerField(help_text="What was not taken from it yet.")
    effective_at = serializers.DateTimeField(help_text="From when on they count.")
    expires_at = _instant("From when on they cannot be spent; null: never.")


class Transition(serializers.Serializer[Any]):
    """A member came into a tier, kept it, or left it."""

    id = serializers.CharField(help_text=KEY)
    external_id = serializers.CharField(allow_blank=True, help_text=BY_CLIENT)
    type = serializers.ChoiceField(choices=TierTransition.Type.values)
    from_tier = serializers.CharField(allow_null=True, help_text=TIER_KEY)
    to_tier = serializers.CharField(allow_null=True, help_text=TIER_KEY)
    expires_at = _instant("When it ends or is looked at again; null: never.")
    reason = serializers.CharField(allow_blank=True)
    actor = serializers.CharField(allow_blank=True, help_text="Who did it; blank: a rule.")
    effective_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()


class Tier(serializers.Serializer[Any]):
    """A tier of the programme."""

    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=TierRow.Kind.values, help_text="By spending, or given by hand.")
    name = serializers.CharField()
    names = serializers.DictField(child=serializers.CharField(), help_text="In other languages: locale -> name.")
    currency = serializers.CharField(help_text="ISO 4217.")
    entry_spend = serializers.CharField(help_text=f"What must be spent within 365 days to enter it. {AMOUNT}")
    maintain_spend = serializers.CharField(help_text=f"What must be spent to keep it when its period is over. {AMOUNT}")
    period_days = serializers.IntegerField()
    points_per_unit = serializers.CharField(allow_null=True, help_text="Null: as in the programme.")
    bonus_points = serializers.IntegerField(help_text="For who first rises into it.")
    position = serializers.IntegerField(help_text="Its place in lists.")
    created_at = serializers.DateTimeField()
    retired_at = _instant("Since when nobody comes into it any more.")


class Reward(serializers.Serializer[Any]):
    """A reward that members may get."""

    id = serializers.CharField(help_text=KEY)
    kind = serializers.ChoiceField(choices=list(KINDS))
    name = serializers.CharField()
    points_cost = serializers.IntegerField(allow_null=True, help_text="Null: it is not to be had for points.")
    valid_days = serializers.IntegerField(allow_null=True, help_text="Null: it can be used for ever.")
    codes = serializers.ChoiceField(choices=RewardRow.Codes.values)
    code_pattern = serializers.CharField(allow_blank=True)
    product_id = serializers.CharField(allow_blank=True)
    discount = serializers.CharField(allow_null=True, help_text="What it takes off.")
    discount_unit = serializers.ChoiceField(choices=RewardRow.Unit.values)
    created_at = serializers.DateTimeField()
    retired_at = _instant("Since when it is given to nobody any more.")


class AddedCodes(serializers.Serializer[Any]):
    """How many codes were new."""

    added = serializers.IntegerField()


class IssuedReward(serializers.Serializer[Any]):
    """A reward that a member got."""

    id = serializers.CharField(help_text=KEY)
    external_id = serializers.CharField(allow_blank=True, help_text=BY_CLIENT)
    reward = serializers.CharField(help_text="The id of the reward.")
    kind = serializers.ChoiceField(choices=list(KINDS))
    name = serializers.CharField()
    source = serializers.ChoiceField(choices=Issued.Source.values)  # type: ignore[assignment]
    points_spent = serializers.IntegerField()
    code = serializers.CharField(allow_blank=True, help_text="What the member shows; blank: it has none.")
    status = serializers.ChoiceField(choices=[rows.OPEN, *rows.ENDS])
    issued_at = serializers.DateTimeField()
    expires_at = _instant("From when on it cannot be used; null: never.")
    used_at = _instant()
    deactivated_at = _instant()
    expired_at = _instant()


class LoyaltyProgramme(serializers.Serializer[Any]):
    """A version of the rules."""

    version = serializers.IntegerField()
    version_in_force = serializers.IntegerField(allow_null=True, help_text="Null: none is yet.")
    effective_at = serializers.DateTimeField(help_text="From when on this one holds.")
    created_at = serializers.DateTimeField()
    changes = serializers.ListField(child=serializers.CharField(), help_text="What is new in it, for people.")
    points_per_unit = serializers.CharField(help_text="Points for each unit of currency, as text: “1.5”.")
    pending_days = serializers.IntegerField(
        allow_null=True, help_text="Days after fulfilment until they count; null: when the order is paid."
    )
    expiry = serializers.ChoiceField(choices=Programme.Expiry.values)
    expiry_days = serializers.IntegerField()
    expires_at_month_end = serializers.BooleanField()
    welcome_points = serializers.IntegerField()
    welcome_reward = serializers.CharField(allow_null=True, help_text=NO_REWARD)
    birthday_points = serializers.IntegerField()
    birthday_reward = serializers.CharField(allow_null=True, help_text=NO_REWARD)
    expiring_windows = serializers.ListField(child=serializers.IntegerField())


class LoyaltyDay(serializers.Serializer[Any]):
    """A date in the merchant's time zone."""

    date = serializers.DateField()
    points_added = serializers.IntegerField()
    points_subtracted = serializers.IntegerField(help_text="Spent or taken back.")
    points_expired = serializers.IntegerField()
    outstanding = serializers.IntegerField(help_text="The sum of all balances at its end.")


class LoyaltyFigures(serializers.Serializer[Any]):
    """How the programme fares, now and on each of the last 30 days."""

    members = serializers.IntegerField()
    outstanding = serializers.IntegerField(help_text="The sum of all balances.")
    owed = serializers.IntegerField(help_text="What members owe of it.")
    pending = serializers.IntegerField(help_text="Points that will count later.")
    days = LoyaltyDay(many=True)


MemberPage = page_of(Member)
LedgerEntryPage = page_of(LedgerEntry)
LotPage = page_of(Lot)
TierPage = page_of(Tier)
RewardPage = page_of(Reward)
IssuedRewardPage = page_of(IssuedReward)
