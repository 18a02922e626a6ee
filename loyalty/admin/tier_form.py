"""The form in which a CSM makes a tier, or changes what it asks for and gives."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from integrations.models import Merchant
from loyalty.models import Tier
from loyalty.models.tier import validate_names
from loyalty.services import tier_rules
from tracking import money

FIXED = ("key", "kind")
"""What a tier keeps for good."""

AMOUNTS = ("entry_minor", "maintain_minor")


class NamesField(forms.CharField):
    """Names in other languages as people write them, one on each line: "de: Gold"."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        """As it is written: an object, or what somebody typed."""
        is_said = isinstance(value, dict)
        return "\n".join(f"{locale}: {name}" for locale, name in sorted(value.items())) if is_said else value

    def to_python(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        """Locale -> name. Raises `ValidationError` for a line that is none."""
        lines = [each.partition(":") for each in (super().to_python(value) or "").splitlines() if each.strip()]
        if not all(colon for _, colon, _ in lines):
            raise ValidationError("A locale, a colon and a name on each line: de: Gold")
        return {locale.strip(): name.strip() for locale, _, name in lines}

    def validate(self, value: Any) -> None:
        """The rule of `Tier`."""
        validate_names(value)


class TierForm(forms.ModelForm[Tier]):
    """A tier as people see it. Amounts are in the merchant's currency."""

    names = NamesField(label="Names in other languages", required=False, max_length=4_000, help_text="de: Gold")

    class Meta:
        model = Tier
        fields = (*FIXED, *tier_rules.SHOWN)
        help_texts = {
            "key": "What programs call it: gold. It stays.",
            "kind": "It stays.",
            "period_days": "Then what was spent decides whether it is kept.",
            "points_per_unit": "Empty: as in the programme.",
            "bonus_points": "When a member first rises into it.",
            "position": "Its place in lists.",
        }

    def __init__(self, merchant: Merchant, tier: Tier | None, data: Any = None) -> None:
        self.merchant = merchant
        shown = tier or Tier(merchant=merchant)
        said = {name: getattr(shown, name) for name in tier_rules.SHOWN}
        said |= {name: money.major(said[name], merchant.currency) for name in AMOUNTS}
        super().__init__(data, instance=None, initial=said)
        for name, label in (("entry_minor", "Spend to enter"), ("maintain_minor", "Spend to maintain")):
            self.fields[name] = _amount_field(f"{label}, {merchant.currency}", merchant.currency)
        if tier is not None:
            for name in FIXED:
                del self.fields[name]

    def _post_clean(self) -> None:
        """The rules themselves are checked where they are made: they need the merchant's other tiers."""

    @property
    def values(self) -> dict[str, Any]:
        """The rules, for `tier_rules.save`. Valid after `is_valid`."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "key"}
        return given | {name: money.minor(given[name], self.merchant.currency) for name in AMOUNTS}


def _amount_field(label: str, currency: str) -> forms.Field:
    return forms.DecimalField(label=label, min_value=0, max_digits=15, decimal_places=money.digits(currency))
