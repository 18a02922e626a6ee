"""The form in which somebody changes the rules of a programme."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from loyalty.models import Programme
from loyalty.services import programmes


class ProgrammeForm(forms.ModelForm[Programme]):
    """The rules as people see them. `based_on` is the version that the page showed; 0 where there is no programme yet."""

    based_on = forms.IntegerField(widget=forms.HiddenInput())
    effective_at = forms.DateTimeField(
        label="In force from",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Empty: from now on.",
    )

    class Meta:
        model = Programme
        fields = tuple(programmes.SHOWN)
        labels = {
            "points_per_unit": "Points for each unit of currency",
            "pending_days": "Days after fulfilment until they count",
            "expiry": "Points run out",
            "expiry_days": "After so many days",
            "expires_at_month_end": "Only at the end of that month",
        }
        help_texts = {
            "points_per_unit": "Of the net value of what was bought: after discounts, without shipping and tax.",
            "pending_days": "Empty: they count as soon as the order is paid.",
        }

    def __init__(self, current: Programme | None, data: Any = None) -> None:
        self.version = current.version if current else 0
        super().__init__(data, instance=None, initial=_said(current) | {"based_on": self.version})

    def clean_based_on(self) -> int:
        """Nobody else's change is taken back unseen."""
        if self.cleaned_data["based_on"] != self.version:
            raise ValidationError(
                f"Somebody made version {self.version} meanwhile. Open the page anew to see what holds now."
            )
        return self.version

    def _post_clean(self) -> None:
        """The rules themselves are checked where they are made: a version has more to it than what is in the form."""

    @property
    def rules(self) -> dict[str, Any]:
        """The rules, for `programmes.change` and for trying them out. Valid after `is_valid`."""
        return {name: self.cleaned_data[name] for name in programmes.SHOWN}


def _said(current: Programme | None) -> dict[str, Any]:
    shown = current or Programme()
    return {name: getattr(shown, name) for name in programmes.SHOWN}
