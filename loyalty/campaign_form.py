"""The form in which somebody drafts a campaign: what it gives, and whom, by a file or a filter."""

from __future__ import annotations

import calendar
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from integrations.models import Merchant
from loyalty import campaign_file
from loyalty.campaign_file import MOST_BYTES, MOST_LINES, Sheet
from loyalty.models import Member, Reward, Tier
from loyalty.models.campaign import MOST_CAMPAIGN_POINTS
from loyalty.services.audiences import Wanted
from loyalty.services.points import MOST_POINTS, NOTE_LENGTH

MONTHS = [("", "Any"), *((str(each), calendar.month_name[each]) for each in range(1, 13))]


def _day(label: str) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class CampaignForm(forms.Form):
    """A campaign. Where a file is given, it says whom the campaign is for, and the filter must be empty."""

    name = forms.CharField(label="Name", max_length=100, help_text="For you: members do not see it.")
    points = forms.IntegerField(label="Points", required=False, min_value=1, max_value=MOST_CAMPAIGN_POINTS)
    note = forms.CharField(
        label="Note", required=False, max_length=NOTE_LENGTH, help_text="It is kept with the points and sent along."
    )
    reward: Any = forms.ModelChoiceField(None, label="Or a reward", required=False, empty_label="None")
    file = forms.FileField(
        label="File of customers",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=f"CSV. Its first line names one column email, phone or customer_id (the shop's), and points where they differ. "
        f"At most {MOST_LINES:,} lines.",
    )
    tiers: Any = forms.ModelMultipleChoiceField(None, label="Tier", required=False, widget=forms.CheckboxSelectMultiple)
    status = forms.ChoiceField(label="Status", required=False, choices=[("", "Any"), *Member.Status.choices])
    joined_since = _day("Member since, from")
    joined_before = _day("Member since, before")
    balance_least = forms.IntegerField(
        label="Balance at least", required=False, min_value=-MOST_POINTS, max_value=MOST_POINTS
    )
    balance_most = forms.IntegerField(
        label="Balance at most", required=False, min_value=-MOST_POINTS, max_value=MOST_POINTS
    )
    bought_since = _day("Bought since")
    not_bought_since = _day("Bought nothing since")
    birth_month = forms.TypedChoiceField(
        label="Birth month", required=False, choices=MONTHS, coerce=int, empty_value=None
    )
    spent_least = forms.DecimalField(required=False, min_value=0, max_digits=12, decimal_places=2)

    FILTER = (
        "tiers",
        "status",
        "joined_since",
        "joined_before",
        "balance_least",
        "balance_most",
        "bought_since",
        "not_bought_since",
        "birth_month",
        "spent_least",
    )

    def __init__(self, merchant: Merchant, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        rewards, tiers = Reward.objects.for_merchant(merchant), Tier.objects.for_merchant(merchant)
        offered: Any = self.fields["reward"]
        offered.queryset = rewards.filter(retired_at=None).order_by("name", "pk")
        held: Any = self.fields["tiers"]
        held.queryset = tiers.order_by("position", "pk")
        self.fields["spent_least"].label = f"Spent in 365 days at least, {merchant.currency}"

    def clean_file(self) -> Sheet | None:
        """The lines of the file. Raises `ValidationError` that names each wrong one."""
        given = self.cleaned_data["file"]
        if given is None:
            return None
        try:
            # One byte more than there may be, which is then too many.
            return campaign_file.read(given.read(MOST_BYTES + 1))
        except ValidationError as error:
            raise ValidationError(error.message_dict["file"]) from None

    def clean(self) -> dict[str, Any]:
        """Raises `ValidationError` where it is not clear whom the campaign is for."""
        given = super().clean() or {}
        if given.get("file") and self._wanted(given) != Wanted():
            self.add_error("file", "Give a file or a filter: with a file leave the filter empty.")
        return given

    @property
    def values(self) -> dict[str, Any]:
        """For `services.draft_campaign`. Valid after `is_valid`."""
        given = self.cleaned_data
        said = {name: given[name] for name in ("name", "points", "note", "reward")}
        return said | {"audience": given["file"] or self._wanted(given)}

    def _wanted(self, given: dict[str, Any]) -> Wanted:
        said = {name: given[name] for name in self.FILTER if name != "tiers" and given.get(name) not in (None, "")}
        return Wanted(tiers=tuple(each.pk for each in given.get("tiers") or ()), **said)
