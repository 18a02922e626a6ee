"""The forms in which a CSM offers a reward, and gives it codes."""

from __future__ import annotations

from typing import Any

from django import forms

from loyalty.models import Reward
from loyalty.models.reward import CODE_LENGTH
from loyalty.services.codes import MOST_CODES


class RewardForm(forms.ModelForm[Reward]):
    """A reward that is to be offered."""

    class Meta:
        model = Reward
        fields = (
            "kind",
            "name",
            "points_cost",
            "valid_days",
            "discount",
            "discount_unit",
            "product_id",
            "codes",
            "code_pattern",
        )
        help_texts = {
            "points_cost": "Empty: it is not to be had for points.",
            "valid_days": "Empty: without end.",
            "discount": "In the merchant's currency, or in percent.",
            "code_pattern": "TEA-########, where # stands for a character of chance.",
        }

    def _post_clean(self) -> None:
        """The rules themselves are checked where the reward is made."""

    @property
    def values(self) -> dict[str, Any]:
        """For `services.offer_reward`. Valid after `is_valid`."""
        return dict(self.cleaned_data)


class CodesForm(forms.Form):
    """Codes for the list of a reward."""

    codes = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 12}),
        max_length=MOST_CODES * (CODE_LENGTH + 2),
        help_text=f"One on each line, at most {MOST_CODES:,} at once. Those that are known already are passed over.",
    )

    def clean_codes(self) -> list[str]:
        """The lines with something on them."""
        return [each.strip() for each in self.cleaned_data["codes"].splitlines() if each.strip()]
