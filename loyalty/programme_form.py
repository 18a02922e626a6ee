"""The form in which somebody changes the rules of a programme."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from integrations.models import Merchant
from loyalty.models import Programme, Reward
from loyalty.models.programme import MOST_WINDOW_DAYS, MOST_WINDOWS, check_windows
from loyalty.services import programmes


class DaysField(forms.CharField):
    """Numbers of days as people write them: 30, 7."""

    def prepare_value(self, value: Any) -> Any:
        """As it is written: a list, or what somebody typed."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[int]:  # type: ignore[override]
        """The numbers, the largest first. Raises `ValidationError`."""
        words = [each for each in re.split(r"[,;\s]+", super().to_python(value) or "") if each]
        if not all(re.fullmatch("[0-9]{1,4}", each) for each in words):
            raise ValidationError("Whole numbers with commas between them, such as 30, 7.")
        return sorted(map(int, words), reverse=True)

    def validate(self, value: Any) -> None:
        """The rule of `Programme`."""
        try:
            check_windows(value)
        except ValidationError:
            raise ValidationError(f"At most {MOST_WINDOWS} different numbers from 1 to {MOST_WINDOW_DAYS}.") from None


class ProgrammeForm(forms.ModelForm[Programme]):
    """The rules as people see them. `based_on` is the version that the page showed; 0 where there is no programme yet."""

    based_on = forms.IntegerField(widget=forms.HiddenInput())
    effective_at = forms.DateTimeField(
        label="In force from",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Empty: from now on.",
    )
    expiring_windows = DaysField(
        label="Days before points run out",
        required=False,
        max_length=60,
        help_text="30, 7: a month before, and a week before. Empty: nobody is warned.",
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
            "welcome_points": "Points for an account",
            "welcome_reward": "Reward for an account",
            "birthday_points": "Points in the birth month",
            "birthday_reward": "Reward in the birth month",
        }
        help_texts = {
            "points_per_unit": "Of what the goods cost after discounts, without shipping.",
            "pending_days": "Empty: they count as soon as the order is paid.",
        }

    def __init__(self, merchant: Merchant, current: Programme | None, data: Any = None) -> None:
        self.version = current.version if current else 0
        super().__init__(data, instance=None, initial=_said(current) | {"based_on": self.version})
        chosen = {"welcome_reward": current and current.welcome_reward_id}
        chosen |= {"birthday_reward": current and current.birthday_reward_id}
        # What the model offers are the rewards of all merchants.
        for name, pk in chosen.items():
            offered = Reward.objects.for_merchant(merchant).filter(Q(retired_at=None) | Q(pk=pk)).order_by("name", "pk")
            self.fields[name] = _gift_field(self.fields[name], offered)

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


def _gift_field(shown: forms.Field, offered: Iterable[Reward]) -> forms.Field:
    return forms.ModelChoiceField(offered, label=shown.label, required=False, empty_label="None")  # type: ignore[arg-type]


def _said(current: Programme | None) -> dict[str, Any]:
    fields: list[Any] = [Programme._meta.get_field(name) for name in programmes.SHOWN]
    return {each.name: each.value_from_object(current or Programme()) for each in fields}
