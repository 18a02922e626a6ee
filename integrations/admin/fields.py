"""Parts that the forms for merchants and connections share: metrics by pack, a launch in local time, secrets, time zones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.timezone import is_naive
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from integrations.catalog import Metric, Pack, catalog
from integrations.models.connection import LAUNCH_YEARS, MAX_BACKFILL_DAYS
from integrations.models.merchant import time_zones

SECRET_LENGTH = 500

CLOTHES: dict[type[forms.Widget], type[forms.Widget]] = {
    forms.NumberInput: UnfoldAdminIntegerFieldWidget,
    forms.TextInput: UnfoldAdminTextInputWidget,
    forms.DateTimeInput: UnfoldAdminTextInputWidget,
    forms.Textarea: UnfoldAdminTextareaWidget,
    forms.Select: UnfoldAdminSelect2Widget,
    forms.CheckboxInput: UnfoldBooleanWidget,
    forms.CheckboxSelectMultiple: UnfoldAdminCheckboxSelectMultipleWidget,
}
"""The admin's theme has widgets of its own."""


def dress(form: forms.BaseForm) -> None:
    """Put a form of the merchants' pages into the admin's clothes."""
    for field in form.fields.values():
        wear = CLOTHES.get(type(field.widget))
        if wear is not None:
            choices = getattr(field, "choices", None)
            kind = {"type": field.widget.input_type} if isinstance(field.widget, forms.DateTimeInput) else {}
            field.widget = wear(attrs={**field.widget.attrs, **kind})
            field.widget.is_required = field.required
            if choices is not None:
                field.widget.choices = choices


@dataclass(frozen=True, slots=True)
class PackChoice:
    """A pack with its metrics, each with whether it is chosen."""

    pack: Pack
    metrics: list[tuple[Metric[Any], bool]]

    @property
    def is_whole(self) -> bool:
        """Whether all that comes with it is chosen."""
        return all(chosen for each, chosen in self.metrics if not each.is_optional)

    def options(self) -> list[tuple[Metric[Any], str, bool]]:
        """Each metric with its name without the merchant's word, and whether it is chosen."""
        return [(each, each.name.replace("{prefix}: ", ""), chosen) for each, chosen in self.metrics]

    @property
    def chosen(self) -> int:
        """How many of its metrics are chosen."""
        return sum(chosen for _, chosen in self.metrics)


def metric_choices() -> list[tuple[str, str]]:
    """Every metric of the catalogue."""
    return [(key, metric.name) for key, metric in catalog.metrics.items()]


def pack_choices() -> list[tuple[str, str]]:
    """Every pack of the catalogue."""
    return [(pack.key, pack.label) for pack in catalog.packs()]


def zone_choices() -> list[tuple[str, Any]]:
    """IANA time zones by region; UTC first."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(time_zones()):
        region, _, place = name.partition("/")
        if place:
            regions.setdefault(region, []).append((name, name.replace("_", " ")))
    return [("", "Choose…"), ("UTC", "UTC"), *regions.items()]


def secret_field(label: str, *, required: bool, help_text: str = "") -> forms.CharField:
    """A field that is written and never shown again, not even after an error. Blanks around what was pasted are dropped."""
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password", "spellcheck": "false"})
    return forms.CharField(
        label=label, required=required, max_length=SECRET_LENGTH, strip=True, widget=widget, help_text=help_text
    )


def zone_field() -> forms.ChoiceField:
    """A time zone, found by typing."""
    return forms.ChoiceField(label="Time zone", choices=zone_choices, widget=UnfoldAdminSelect2Widget())


class MetricsForm(forms.Form):
    """Which metrics are sent: whole packs, single metrics, or both."""

    packs = forms.MultipleChoiceField(choices=pack_choices, required=False)
    metrics = forms.MultipleChoiceField(choices=metric_choices, required=False)

    def by_pack(self) -> list[tuple[Pack, list[Metric[Any]]]]:
        """What there is to choose from: each pack with its metrics."""
        return [(pack, catalog.in_pack(pack.key)) for pack in catalog.packs()]

    def pack_options(self) -> list[PackChoice]:
        """The packs as the form shows them: what was asked for, or what is on."""
        chosen = set(self["metrics"].value() or ())
        whole = set(self["packs"].value() or ())
        return [
            PackChoice(
                pack,
                [(each, each.key in chosen or (pack.key in whole and not each.is_optional)) for each in metrics],
            )
            for pack, metrics in self.by_pack()
        ]

    def chosen_metrics(self) -> list[str]:
        """Keys by pack and number. Valid after `is_valid`."""
        packs, keys = set(self.cleaned_data["packs"]), set(self.cleaned_data["metrics"])
        return [
            each.key
            for pack, metrics in self.by_pack()
            for each in metrics
            if each.key in keys or (pack.key in packs and not each.is_optional)
        ]

    def require_metric(self) -> None:
        """Note an error unless something is chosen."""
        if not self.errors.get("metrics") and not self.errors.get("packs") and not self.chosen_metrics():
            self.add_error("metrics", "Choose at least one pack or metric: without any, nothing is sent.")


class LaunchForm(forms.Form):
    """When live events begin to flow, in the merchant's own time, and how many days before that are sent as history."""

    launch_date = forms.DateField(
        label="Launch date", required=False, widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )
    launch_time = forms.TimeField(
        label="Time of day", required=False, widget=UnfoldAdminTextInputWidget(attrs={"type": "time"})
    )
    backfill_days = forms.IntegerField(
        label="Backfill, days",
        initial=0,
        validators=[MinValueValidator(0), MaxValueValidator(MAX_BACKFILL_DAYS)],
        widget=UnfoldAdminIntegerFieldWidget(attrs={"min": 0, "max": MAX_BACKFILL_DAYS}),
        help_text=f"0 to {MAX_BACKFILL_DAYS} days before the launch are recorded in Klaviyo without starting any flow.",
    )

    def launch_instant(self, zone: str) -> datetime | None:
        """The instant that was asked for; None for a launch at once. Notes an error where there is no such local time."""
        day: date | None = self.cleaned_data.get("launch_date")
        if day is None:
            if self.cleaned_data.get("launch_time"):
                self.add_error("launch_date", "Choose the day too.")
            return None
        if day.year not in LAUNCH_YEARS:
            self.add_error("launch_date", f"A year from {LAUNCH_YEARS.start} to {LAUNCH_YEARS.stop - 1}.")
            return None
        try:
            return local_instant(datetime.combine(day, self.cleaned_data.get("launch_time") or time.min), zone)
        except ValidationError as error:
            self.add_error("launch_time", error)
            return None


def local_instant(moment: datetime, zone: str) -> datetime:
    """A wall clock's reading in a time zone as an instant. Raises `ValidationError` where the clock skips or repeats it."""
    if not is_naive(moment):
        raise TypeError("a wall clock's reading has no zone of its own")
    with timezone.override(zone):
        return forms.utils.from_current_timezone(moment)
