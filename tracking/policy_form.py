"""The form in which somebody changes when something stalls: what is written in its fields, and how they are read."""

from __future__ import annotations

from datetime import date
from typing import Any

import holidays
from django import forms
from django.core.exceptions import ValidationError

from tracking.models import Problem, StalledPolicy
from tracking.models.policy import LEAST_HOURS, MOST_DAYS, MOST_HOURS, WEEKDAYS
from tracking.services import policies

ANY, NEVER = "any", "never"
OVERRIDE_HELP = (
    "One a line: carrier, destination, hours before pick-up, hours in transit. “ups, international, 96, 120”. "
    f"A destination is domestic, international or a country (DE); write “{ANY}” for any and “{NEVER}” for no hours. "
    "The most specific one decides."
)


def _hours_field(label: str) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"min": LEAST_HOURS, "max": MOST_HOURS})
    return forms.IntegerField(label=label, required=False, widget=widget, help_text="Empty: never.")


def _days_field(label: str) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"min": 1, "max": MOST_DAYS})
    return forms.IntegerField(label=label, required=False, widget=widget, help_text="Empty: never.")


def _holiday_countries() -> list[tuple[str, str]]:
    return [("", "None"), *((code, code) for code in sorted(holidays.list_supported_countries()))]


class PolicyForm(forms.Form):
    """The settings as people see them. `based_on` is the version that the page showed."""

    based_on = forms.IntegerField(widget=forms.HiddenInput())
    hours_until_fulfillment = _hours_field("Order not fulfilled, hours")
    hours_before_pickup = _hours_field("Parcel before pick-up, hours")
    hours_in_transit = _hours_field("Parcel in transit, hours")
    days_until_delayed = _days_field("Parcel delayed, days after its promised date")
    days_early = _days_field("Parcel early, days before its promised date")
    excluded_weekdays = forms.TypedMultipleChoiceField(
        label="Weekdays that do not count",
        choices=list(enumerate(WEEKDAYS)),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple(),
    )
    holiday_country = forms.ChoiceField(
        label="Public holidays of", choices=_holiday_countries, required=False, widget=forms.Select()
    )
    holiday_region = forms.CharField(
        label="Region", max_length=10, required=False, widget=forms.TextInput(), help_text="NY, BY, …"
    )
    own_dates = forms.CharField(
        label="Own dates that do not count",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line: 2026-12-24.",
    )
    home_country = forms.CharField(
        label="Home country",
        max_length=2,
        required=False,
        widget=forms.TextInput(),
        help_text="Two letters. It tells domestic from international in the overrides.",
    )
    overrides = forms.CharField(
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=OVERRIDE_HELP,
    )
    problems_off = forms.MultipleChoiceField(
        label="Problems that are not told",
        choices=Problem.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(),
    )

    def __init__(self, policy: StalledPolicy, data: Any = None) -> None:
        self.policy = policy
        said = {name: getattr(policy, name) for name in policies.SETTINGS} | {"based_on": policy.version}
        said["own_dates"] = "\n".join(policy.own_dates)
        said["overrides"] = "\n".join(_written(each) for each in policy.overrides)
        super().__init__(data, initial=said)

    def clean_based_on(self) -> None:
        """Nobody else's change is taken back unseen."""
        if self.cleaned_data["based_on"] != self.policy.version:
            raise ValidationError(f"Somebody made {self.policy} meanwhile. Open the page anew to see what holds now.")

    def clean_home_country(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["home_country"]).strip().upper()

    def clean_holiday_region(self) -> str:
        """Without blanks around it."""
        return str(self.cleaned_data["holiday_region"]).strip()

    def clean_own_dates(self) -> list[str]:
        """Dates, in ISO 8601."""
        return [_day(line) for line in _lines(self.cleaned_data["own_dates"])]

    def clean_overrides(self) -> list[dict[str, Any]]:
        """Overrides as the settings hold them."""
        return [_override(line) for line in _lines(self.cleaned_data["overrides"])]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _day(line: str) -> str:
    try:
        return date.fromisoformat(line).isoformat()
    except ValueError:
        raise ValidationError(f"“{line}” is no date such as 2026-12-24.") from None


def _override(line: str) -> dict[str, Any]:
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 4:
        raise ValidationError(f"“{line}” does not have four parts: carrier, destination, hours, hours.")
    carrier, destination, before_pickup, in_transit = ("" if part.lower() == ANY else part for part in parts)
    is_country = len(destination) == 2
    return {
        "carrier": carrier,
        "destination": destination.upper() if is_country else destination.lower(),
        "before_pickup": _hours(before_pickup, line),
        "in_transit": _hours(in_transit, line),
    }


def _hours(word: str, line: str) -> int | None:
    if word.lower() == NEVER:
        return None
    if not (word.isascii() and word.isdecimal() and len(word) < 9):
        raise ValidationError(f"“{line}”: hours are whole numbers, or “{NEVER}”.")
    return int(word)


def _written(override: dict[str, Any]) -> str:
    hours = (NEVER if override[each] is None else override[each] for each in ("before_pickup", "in_transit"))
    return ", ".join(str(part) for part in (override["carrier"] or ANY, override["destination"] or ANY, *hours))
