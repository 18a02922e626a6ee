"""The form in which somebody makes a tier, or changes one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from integrations.models import Merchant
from loyalty.models import Tier
from loyalty.models.tier import MOST_MINOR, validate_names
from tracking import money

AMOUNTS = {"entry": "entry_minor", "maintain": "maintain_minor"}
"""What the form asks for in the merchant's currency -> what a tier keeps in its minor units."""

AS_THEY_ARE = ("name", "names", "period_days", "points_per_unit", "bonus_points", "position")


class NamesField(forms.CharField):
    """Names in other languages, one a line: de: Silber."""

    def prepare_value(self, value: Any) -> Any:
        """As it is written: of a tier, or what somebody typed."""
        if isinstance(value, dict):
            return "\n".join(f"{locale}: {name}" for locale, name in sorted(value.items()))
        return value

    def to_python(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        """Locale -> name. Raises `ValidationError`."""
        names: dict[str, str] = {}
        for line in filter(None, map(str.strip, (super().to_python(value) or "").splitlines())):
            locale, colon, name = (part.strip() for part in line.partition(":"))
            if not colon or locale in names:
                raise ValidationError(f"A line for each language, such as de: Silber; not {line[:40]!r}.")
            names[locale] = name
        return names

    def validate(self, value: Any) -> None:
        """The rule of `Tier`."""
        validate_names(value)


class TierForm(forms.Form):
    """A tier as people see it: amounts in the merchant's currency."""

    key = forms.CharField(label="Key", max_length=40, help_text="What programs and flows call it, for good: gold.")
    kind = forms.ChoiceField(
        choices=Tier.Kind.choices,
        label="How members come into it",
        help_text="By spending: whoever spent enough in 365 days. By hand: whom you put into it.",
    )
    name = forms.CharField(max_length=60)
    names = NamesField(
        label="Names in other languages",
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line: de: Silber.",
    )
    period_days = forms.IntegerField(
        label="Days of a period", help_text="When it is over, the tier is kept or lost. 365 is a year."
    )
    points_per_unit = forms.DecimalField(
        label="Points for each unit of currency", required=False, help_text="Empty: as the rules of the programme say."
    )
    bonus_points = forms.IntegerField(
        label="Bonus points", help_text="For rising into it, once for each member. 0: none."
    )
    position = forms.IntegerField(label="Place in lists", help_text="Those with the same go by what they ask for.")

    def __init__(self, merchant: Merchant, tier: Tier | None, data: Any = None) -> None:
        self._merchant = merchant
        said = tier or Tier()
        amounts = {field: money.major(getattr(said, name), merchant.currency) for field, name in AMOUNTS.items()}
        known = {name: getattr(said, name) for name in ("key", "kind", *AS_THEY_ARE)}
        super().__init__(data, initial=known | amounts)
        if said.kind == Tier.Kind.SPENDING:
            asks = "Within 365 days. No two tiers ask for the same."
            keeps = "Within the last 365 days of its period; never more than to enter."
            self.fields["entry"] = _amount_field("Spend to enter", merchant.currency, asks)
            self.fields["maintain"] = _amount_field("Spend to keep it", merchant.currency, keeps)
        if tier is not None:
            # A tier stays what it is.
            del self.fields["key"], self.fields["kind"]

    @property
    def values(self) -> dict[str, Any]:
        """For `tier_rules.save`. Valid after `is_valid`."""
        given = self.cleaned_data
        amounts = {
            name: money.minor(given[field], self._merchant.currency) or 0
            for field, name in AMOUNTS.items()
            if field in given
        }
        kind = {"kind": given["kind"]} if "kind" in given else {}
        return {name: given[name] for name in AS_THEY_ARE} | amounts | kind

    def refuse(self, error: ValidationError) -> None:
        """Note what the tier itself refused, at its field."""
        fields = {name: field for field, name in AMOUNTS.items()}
        for name, texts in error.message_dict.items():
            field = fields.get(name, name)
            self.add_error(field if field in self.fields else None, texts)


def _amount_field(label: str, currency: str, help_text: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=f"{label}, {currency}".rstrip(", "),
        required=False,
        min_value=Decimal(0),
        max_value=money.major(MOST_MINOR, currency),
        decimal_places=money.digits(currency),
        help_text=help_text,
    )
