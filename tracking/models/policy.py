"""When an order or a parcel counts as stalled: a merchant's settings, one row for each version of them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import holidays
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned
from tracking.carrier_names import friendly_name
from tracking.models.problem import Problem

LEAST_HOURS, MOST_HOURS = 1, 2_160
DEFAULT_HOURS = 72
MOST_DAYS = 90
FEWER_IS_RISKY = 24
"""Below so many hours most parcels count as stalled at some time: carriers often scan once a day."""

DOMESTIC, INTERNATIONAL = "domestic", "international"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_OVERRIDES, MOST_DATES = 100, 400
_COUNTRY = re.compile(r"[A-Z]{2}")
_HOURS_OF_A_PARCEL = ("before_pickup", "in_transit")
_OVERRIDE = {"carrier", "destination", *_HOURS_OF_A_PARCEL}


def _weekend() -> list[int]:
    return [5, 6]


def _days_field(label: str) -> Any:
    return models.PositiveSmallIntegerField(
        label, null=True, blank=True, default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)]
    )


def _hours_field(label: str) -> Any:
    return models.PositiveSmallIntegerField(
        label,
        null=True,
        blank=True,
        default=DEFAULT_HOURS,
        validators=[MinValueValidator(LEAST_HOURS), MaxValueValidator(MOST_HOURS)],
    )


class StalledPolicy(MerchantOwned):
    """One version of a merchant's settings; `changes` says for people what is new in it. It is never changed itself.

    Hours are those that count: excluded weekdays (0 is Monday), holidays and own dates (ISO 8601) do not, in the merchant's
    time zone. Days are those of the calendar, beside the delivery date that was promised first. None: no such finding. A
    merchant without a row has the defaults, which are version 0.

    `overrides` are {"carrier", "destination", "before_pickup", "in_transit"}: hours of a parcel in place of the two fields;
    carrier or destination "" means any, a destination is "domestic", "international" (as seen from `home_country`) or a
    country. `problems_off` are the types of problem (`Problem`) that are not told.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    changes = models.JSONField(default=list, blank=True)
    hours_until_fulfillment = _hours_field("hours until an order counts as stalled")
    hours_before_pickup = _hours_field("hours until a parcel counts as stalled before pick-up")
    hours_in_transit = _hours_field("hours until a parcel counts as stalled in transit")
    days_until_delayed = _days_field("days late until a parcel counts as delayed")
    days_early = _days_field("days early from which a parcel counts as arriving early")
    excluded_weekdays = models.JSONField("excluded weekdays", default=_weekend, blank=True)
    home_country = models.CharField("home country", max_length=2, blank=True)
    holiday_country = models.CharField("country of public holidays", max_length=2, blank=True)
    holiday_region = models.CharField("region of public holidays", max_length=10, blank=True)
    own_dates = models.JSONField("own dates", default=list, blank=True)
    overrides = models.JSONField(default=list, blank=True)
    problems_off = models.JSONField("problems not told", default=list, blank=True)

    class Meta:
        verbose_name_plural = "stalled policies"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "version"], name="stalled_policy_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="stalled_policy_of_merchant"),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"

    def save(self, *args: Any, **options: Any) -> None:
        """Only a new version is written. Raises `TypeError` for one that is there: orders are judged by it."""
        if not self._state.adding:
            raise TypeError("a version of the settings is never changed: make a new one")
        super().save(*args, **options)

    def clean(self) -> None:
        """What single fields cannot tell. Raises `ValidationError` that names each field which is wrong."""
        wrong: dict[str, str] = {}
        for name, complain in _COMPLAINTS.items():
            complaint = complain(self)
            if complaint:
                wrong[name] = complaint
        if wrong:
            raise ValidationError(wrong)

    def tells(self, problem: str) -> bool:
        """Whether problems of that type are told."""
        return problem not in self.problems_off

    def hours_of_parcel(self, *, is_picked_up: bool, carrier: str, country: str) -> int | None:
        """The hours after which a parcel counts as stalled; None: never.

        The most specific override decides: one for this carrier before one for any, then one for the country before
        "domestic" and "international", before one for anywhere.
        """
        fitting = [
            (rank, each)
            for each in self.overrides
            if (rank := self._fit(each, friendly_name(carrier).casefold(), country)) is not None
        ]
        hours: int | None = self.hours_in_transit if is_picked_up else self.hours_before_pickup
        if fitting:
            _, chosen = max(fitting, key=lambda pair: pair[0])
            hours = chosen["in_transit" if is_picked_up else "before_pickup"]
        return hours

    def _fit(self, override: dict[str, Any], carrier: str, country: str) -> tuple[bool, int] | None:
        """How specific an override is for a parcel; None where it is not about such parcels."""
        wanted, destination = friendly_name(override["carrier"]).casefold(), override["destination"]
        if wanted not in ("", carrier):
            return None
        if destination == "":
            return bool(wanted), 0
        if destination == country:
            return bool(wanted), 2
        is_known = bool(country and self.home_country)
        if is_known and destination == (DOMESTIC if country == self.home_country else INTERNATIONAL):
            return bool(wanted), 1
        return None

    @property
    def warnings(self) -> list[str]:
        """What is allowed and probably not meant, for the one who sets it."""
        told = [("An order", self.hours_until_fulfillment)]
        told += [("A parcel before pick-up", self.hours_before_pickup), ("A parcel in transit", self.hours_in_transit)]
        told += [("A parcel of an override", each[name]) for each in self.overrides for name in _HOURS_OF_A_PARCEL]
        return [
            f"{what} counts as stalled after {hours} h: with less than {FEWER_IS_RISKY} h, many that are well on their way do."
            for what, hours in dict.fromkeys(told)
            if hours is not None and hours < FEWER_IS_RISKY
        ]


def _weekdays(policy: StalledPolicy) -> str:
    days = policy.excluded_weekdays
    if not isinstance(days, list) or any(type(day) is not int or not 0 <= day < len(WEEKDAYS) for day in days):
        return "Weekdays are numbers from 0 (Monday) to 6 (Sunday)."
    return "At least one day of the week must count." if len(set(days)) == len(WEEKDAYS) else ""


def _home(policy: StalledPolicy) -> str:
    is_country = not policy.home_country or _COUNTRY.fullmatch(policy.home_country)
    return "" if is_country else "Two capital letters (ISO 3166): DE."


def _holiday_country(policy: StalledPolicy) -> str:
    known = holidays.list_supported_countries()
    return "" if policy.holiday_country in ("", *known) else f"No holidays are known of {policy.holiday_country!r}."


def _holiday_region(policy: StalledPolicy) -> str:
    if not policy.holiday_region:
        return ""
    known = holidays.list_supported_countries().get(policy.holiday_country, [])
    if policy.holiday_region in known:
        return ""
    return f"{policy.holiday_region!r} is no region of {policy.holiday_country or 'no country'}: {', '.join(known) or 'none'}."


def _own_dates(policy: StalledPolicy) -> str:
    try:
        dates = [date.fromisoformat(each) for each in policy.own_dates]
    except (TypeError, ValueError):
        return "Dates are written like 2026-12-24."
    return f"At most {MOST_DATES} dates." if len(dates) > MOST_DATES else ""


def _overrides(policy: StalledPolicy) -> str:
    seen = set()
    for each in policy.overrides:
        if not isinstance(each, dict) or each.keys() != _OVERRIDE:
            return f"An override has {', '.join(sorted(_OVERRIDE))}."
        about = (friendly_name(each["carrier"]).casefold(), each["destination"])
        complaint = _override(policy, each)
        if complaint or about in seen:
            return complaint or f"There are two for {override_name(each)}."
        seen.add(about)
    return f"At most {MOST_OVERRIDES} overrides." if len(policy.overrides) > MOST_OVERRIDES else ""


def _override(policy: StalledPolicy, override: dict[str, Any]) -> str:
    name, destination = override_name(override), override["destination"]
    if not override["carrier"] and not destination:
        return "An override is for a carrier, a destination or both."
    if destination in (DOMESTIC, INTERNATIONAL) and not policy.home_country:
        return f"{name}: what is {destination} is known only with a home country."
    if destination not in ("", DOMESTIC, INTERNATIONAL) and not _COUNTRY.fullmatch(destination):
        return f"{name}: a destination is domestic, international or a country such as DE."
    for hours in (override[each] for each in _HOURS_OF_A_PARCEL):
        if hours is not None and (type(hours) is not int or not LEAST_HOURS <= hours <= MOST_HOURS):
            return f"{name}: hours are whole numbers from {LEAST_HOURS} to {MOST_HOURS}."
    return ""


def _problems(policy: StalledPolicy) -> str:
    unknown = [each for each in policy.problems_off if each not in Problem.values]
    return f"There is no problem {unknown[0]!r}." if unknown else ""


_COMPLAINTS = {
    "excluded_weekdays": _weekdays,
    "home_country": _home,
    "holiday_country": _holiday_country,
    "holiday_region": _holiday_region,
    "own_dates": _own_dates,
    "overrides": _overrides,
    "problems_off": _problems,
}


def override_name(override: dict[str, Any]) -> str:
    """What an override is about, for people: "ups, international"."""
    return ", ".join(each for each in (override["carrier"], override["destination"]) if each)
