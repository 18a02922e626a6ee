"""The forms in which somebody offers a reward, and adds codes to its list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from loyalty.models import Reward
from loyalty.models.reward import CODE_LENGTH
from loyalty.services.codes import MOST_CODES

MOST_BYTES = MOST_CODES * (CODE_LENGTH + 2)


class RewardForm(forms.ModelForm[Reward]):
    """All that is said of a reward. `once` tells this form from others: sent twice, it counts once."""

    once = forms.UUIDField(widget=forms.HiddenInput())

    class Meta:
        model = Reward
        fields = (
            "kind",
            "name",
            "product_id",
            "discount",
            "discount_unit",
            "points_cost",
            "valid_days",
            "codes",
            "code_pattern",
        )
        labels = {
            "points_cost": "Points that it costs",
            "valid_days": "Days that it can be used",
            "codes": "Codes",
            "code_pattern": "Pattern of codes",
            "product_id": "Id of the product",
            "discount": "What it takes off",
            "discount_unit": "In what",
        }
        help_texts = {
            "name": "As shoppers read it: 5 € off.",
            "product_id": "Of a free product: its id in the shop.",
            "discount": "Of a discount code, and of what points pay.",
            "points_cost": "Empty: it is not to be had for points, and given as a present only.",
            "valid_days": "Whole days after the day on which it was given. Empty: without end.",
            "codes": "A list is added on the reward's page, once it is there.",
            "code_pattern": "TEA-########: each # is a character of chance, and there are eight at least.",
        }

    def __init__(self, currency: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        kind: Any = self.fields["kind"]
        kind.choices = [("", "Choose"), *Reward.Kind.choices]
        unit: Any = self.fields["discount_unit"]
        unit.choices = [(Reward.Unit.AMOUNT.value, currency or "The currency"), (Reward.Unit.PERCENT.value, "Percent")]

    @property
    def values(self) -> dict[str, Any]:
        """For `services.offer_reward`. Valid after `is_valid`."""
        return dict(self.cleaned_data)


class CodesForm(forms.Form):
    """Codes, one a line: pasted, or in a file."""

    codes = forms.CharField(
        label="Codes",
        required=False,
        max_length=MOST_BYTES,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=f"One a line, at most {MOST_CODES:,} at once. Those that are known already are passed over.",
    )
    file = forms.FileField(label="Or a text file with one code a line", required=False)

    def clean_file(self) -> str:
        """The text of the file. Raises `ValidationError`."""
        given = self.cleaned_data["file"]
        if given is None:
            return ""
        if given.size > MOST_BYTES:
            raise ValidationError(f"At most {MOST_CODES:,} codes at once: the file is too large.")
        try:
            return str(given.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise ValidationError("It is no text file in UTF-8.") from None

    def clean(self) -> dict[str, Any]:
        """With the different codes of both as `lines`. Raises `ValidationError` where there is none."""
        given = super().clean() or {}
        text = f"{given.get('codes', '')}\n{given.get('file', '')}"
        lines = list(dict.fromkeys(line for line in map(str.strip, text.splitlines()) if line))
        if not lines and not self.errors:
            self.add_error("codes", "Paste codes, or choose a file.")
        return given | {"lines": lines}
