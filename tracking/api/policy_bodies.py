"""What clients tell of when something stalls. What single fields cannot tell is checked with the settings themselves."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from integrations.api.bodies import Body, Choice, Text
from tracking.api.fields import Country, Day, Whole
from tracking.models import Problem
from tracking.models.policy import LEAST_HOURS, MOST_DATES, MOST_DAYS, MOST_HOURS, MOST_OVERRIDES, WEEKDAYS
from tracking.preview import PERIODS

HOURS: dict[str, Any] = {"min_value": LEAST_HOURS, "max_value": MOST_HOURS, "allow_null": True}
DAYS: dict[str, Any] = {"min_value": 1, "max_value": MOST_DAYS, "allow_null": True}


class Override(Body):
    """Hours of a parcel in place of the two settings, for a carrier, a destination or both. The most specific one decides."""

    carrier = Text(max_length=60, allow_blank=True, help_text="Blank: any.")
    destination = Text(
        max_length=13, allow_blank=True, help_text="`domestic`, `international`, a country (`DE`), or blank: any."
    )
    before_pickup = Whole(**HOURS, help_text="Null: never.")
    in_transit = Whole(**HOURS, help_text="Null: never.")


class Settings(Body):
    """When something stalls. Hours are those that count, days those of the calendar; null: never."""

    hours_until_fulfillment = Whole(**HOURS, required=False, help_text="Until an order counts as stalled.")
    hours_before_pickup = Whole(
        **HOURS, required=False, help_text="Until a parcel does that its carrier does not have."
    )
    hours_in_transit = Whole(**HOURS, required=False, help_text="Until a parcel does on its way.")
    days_until_delayed = Whole(**DAYS, required=False, help_text="Days late until a parcel counts as delayed.")
    days_early = Whole(**DAYS, required=False, help_text="Days early from which a parcel counts as arriving early.")
    excluded_weekdays = serializers.ListField(
        child=Whole(min_value=0, max_value=len(WEEKDAYS) - 1),
        max_length=len(WEEKDAYS),
        required=False,
        help_text="Weekdays that do not count; 0 is Monday.",
    )
    home_country = Country(allow_blank=True, required=False, help_text="It tells domestic from international.")
    holiday_country = Text(
        max_length=2, allow_blank=True, required=False, help_text="Its public holidays do not count."
    )
    holiday_region = Text(max_length=10, allow_blank=True, required=False, help_text="Of that country: `NY`, `BY`, …")
    own_dates = serializers.ListField(
        child=Day(), max_length=MOST_DATES, required=False, help_text="Other days that do not count."
    )
    overrides: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=Override(), max_length=MOST_OVERRIDES, required=False
    )
    problems_off = serializers.ListField(
        child=Choice(choices=Problem.values),
        max_length=len(Problem),
        required=False,
        help_text="Problems that are not told.",
    )

    def to_internal_value(self, data: Any) -> Any:
        """With the dates as the settings hold them."""
        values = super().to_internal_value(data)
        if "own_dates" in values:
            values["own_dates"] = [day.isoformat() for day in values["own_dates"]]
        return values


class PolicyChange(Settings):
    """New settings, and the version that they are to replace."""

    based_on = Whole(min_value=0, max_value=2**31 - 1, help_text="The version that you have seen.")


class PolicyTrial(Settings):
    """Settings that are to be looked at, and the days of which to see them."""

    days = Whole(default=PERIODS[0], help_text=f"{', '.join(map(str, PERIODS))}.")

    def validate_days(self, days: int) -> int:
        """One of the periods."""
        if days not in PERIODS:
            raise serializers.ValidationError(f"must be one of {', '.join(map(str, PERIODS))}")
        return days
