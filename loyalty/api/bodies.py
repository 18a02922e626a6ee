"""What clients ask for: points by hand and for rewards, rewards, tiers, birth months, and other rules."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from integrations.api.bodies import Body, Choice, Flag, Text
from integrations.api.parameters import key_of
from loyalty.models import IssuedReward, Programme, Reward
from loyalty.models.programme import MOST_WINDOW_DAYS, MOST_WINDOWS
from loyalty.models.reward import CODE_LENGTH
from loyalty.services.codes import MOST_CODES
from loyalty.services.points import MOST_POINTS, NOTE_LENGTH
from loyalty.services.tiers import REASON_LENGTH
from tracking.api.bodies import ABSENT, UNKNOWN
from tracking.api.fields import Amount, Day, ExternalId, Instant, Whole

KINDS = {each.value.lower(): each.value for each in Reward.Kind}
"""What clients call the kinds of rewards -> what we do."""

Source = IssuedReward.Source
SOURCES = (Source.POINTS_REDEMPTION.value, Source.ONE_TIME_CAMPAIGN.value)
ONCE = "Your id of it: sent again with it, it is not done again."
MOST = 2**31 - 1


@extend_schema_field({"type": "string", "pattern": "^[1-9][0-9]{0,18}$"})
class Key(serializers.Field[int, str, str, int]):
    """The id of a row, as the API tells it."""

    default_error_messages = {"unfit": "must be an id as the API tells it, a text of digits"}

    def to_internal_value(self, data: Any) -> int:
        """The key as a number."""
        key = key_of(data) if isinstance(data, str) else None
        if key is None:
            self.fail("unfit")
        return key


@extend_schema_field({"oneOf": [{"type": "string", "pattern": r"^\d{1,12}(\.\d{1,2})?$"}, {"type": "number"}]})
class Hundredths(Amount):
    """An amount with two decimals at most."""

    def __init__(self, **options: Any) -> None:
        super().__init__(decimal_places=2, **options)


class Adjustment(Body):
    """Points that are added by hand, or taken."""

    external_id = ExternalId(help_text=ONCE)
    points = Whole(min_value=-MOST_POINTS, max_value=MOST_POINTS, help_text="Above 0: added; below 0: taken.")
    reason = Text(max_length=NOTE_LENGTH, help_text="It is kept with the points, and sent along.")

    def validate_points(self, points: int) -> int:
        """Some points."""
        if not points:
            raise serializers.ValidationError("must not be 0")
        return points


class Redemption(Body):
    """Points that a member spends."""

    external_id = ExternalId(help_text=ONCE)
    points = Whole(min_value=1, max_value=MOST_POINTS)
    note = Text(max_length=NOTE_LENGTH, **UNKNOWN, help_text="What for; it is sent along.")


class Note(Body):
    """A word about what is undone."""

    note = Text(max_length=NOTE_LENGTH, **UNKNOWN)


class BirthMonth(Body):
    """The month in which a member was born."""

    month = Whole(min_value=1, max_value=12)


class TierByHand(Body):
    """A tier that a member is put into."""

    external_id = ExternalId(help_text=ONCE)
    tier = Text(max_length=40, help_text="Its key.")
    reason = Text(max_length=REASON_LENGTH, help_text="It is kept with the tier.")
    until = Day(**ABSENT, help_text="The last day of it. Without one a custom tier stays, another one for its period.")


class NewReward(Body):
    """A reward that members may get."""

    kind = Choice(choices=tuple(KINDS))
    name = Text(max_length=100)
    points_cost = Whole(min_value=1, max_value=MOST, **ABSENT, help_text="Null: it is not to be had for points.")
    valid_days = Whole(
        min_value=1, max_value=3_650, **ABSENT, help_text="For how many days it can be used; null: ever."
    )
    codes = Choice(choices=Reward.Codes.values, default=Reward.Codes.NONE.value, help_text="Where its codes come from.")
    code_pattern = Text(
        max_length=CODE_LENGTH, **UNKNOWN, help_text="Of a `pattern`; each # is a character of chance: `TEA-########`."
    )
    product_id = Text(max_length=64, **UNKNOWN, help_text="Of a `free_product`: its id in the shop.")
    discount = Hundredths(**ABSENT, help_text="What it takes off.")
    discount_unit = Choice(choices=Reward.Unit.values, default=Reward.Unit.AMOUNT.value)

    def to_internal_value(self, data: Any) -> Any:
        """With the kind as we call it."""
        values = super().to_internal_value(data)
        return {**values, "kind": KINDS[values["kind"]]}


class NewCodes(Body):
    """Codes for a reward's pool."""

    codes = serializers.ListField(
        child=Text(max_length=CODE_LENGTH),
        min_length=1,
        max_length=MOST_CODES,
        help_text="Those that are known already are passed over.",
    )


class RewardToIssue(Body):
    """A reward that a member is to get."""

    external_id = ExternalId(help_text=ONCE)
    reward = Key(help_text="The id of the reward.")
    source = Choice(  # type: ignore[assignment]
        choices=SOURCES,
        default=SOURCES[0],
        help_text="For the points that it costs, or as a present (`one_time_campaign`).",
    )


class ProgrammeChange(Body):
    """Other rules, and the version that they are to replace. A rule that is not given stays as it is."""

    based_on = Whole(min_value=0, max_value=MOST, help_text="The version that you have seen; 0: there is none yet.")
    effective_at = Instant(required=False, help_text="From when on they hold; now, if not given. Never in the past.")
    points_per_unit = Hundredths(required=False, help_text="Points for each unit of currency.")
    pending_days = Whole(
        min_value=0,
        max_value=365,
        allow_null=True,
        required=False,
        help_text="Days after fulfilment until they count; null: when the order is paid.",
    )
    expiry = Choice(choices=Programme.Expiry.values, required=False)
    expiry_days = Whole(min_value=1, max_value=3_650, required=False)
    expires_at_month_end = Flag(required=False)
    welcome_points = Whole(min_value=0, max_value=1_000_000, required=False)
    welcome_reward = Key(allow_null=True, required=False, help_text="The id of a reward; null: none.")
    birthday_points = Whole(min_value=0, max_value=1_000_000, required=False)
    birthday_reward = Key(allow_null=True, required=False, help_text="The id of a reward; null: none.")
    expiring_windows = serializers.ListField(
        child=Whole(min_value=1, max_value=MOST_WINDOW_DAYS),
        max_length=MOST_WINDOWS,
        required=False,
        help_text="How many days before points run out members are warned.",
    )
