"""A form by which a person tells of a return of a known order: how much of each of its lines comes back, and for what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from integrations.models import Merchant
from integrations.search import variants
from returns import stages
from returns.inputs import ItemInput, ReturnInput
from tracking.models import Order, OrderLine

UNKNOWN = [("", "not known")]
MOST_LINES = 100
"""Lines that are offered, each with two fields. What is larger is told by a file or by the API."""


def order_of(merchant: Merchant, number: str) -> Order | None:
    """The newest order of the merchant with that number, with or without “#”."""
    mine = Order.objects.for_merchant(merchant).filter(number__in=variants(number))
    return mine.order_by("-placed_at", "-pk").first()


def lines_of(order: Order) -> list[OrderLine]:
    """What was ordered."""
    mine = OrderLine.objects.for_merchant(order.merchant_id).filter(order=order)
    return list(mine.order_by("position", "pk")[:MOST_LINES])


class ReturnForm(forms.Form):
    """A return of `order`. Its times are the merchant's."""

    external_id = forms.RegexField(
        r"^[^/]{1,64}\Z", label="Id of the return", help_text="By it a repeat is known. Without “/”.", strip=True
    )
    created_at = forms.DateTimeField(
        label="Asked for at", help_text="In the merchant's time zone: 2026-11-25 10:00.", required=False
    )
    coverage = forms.ChoiceField(choices=UNKNOWN + stages.coverage_choices(), required=False)
    delivery = forms.ChoiceField(choices=UNKNOWN + stages.delivery_choices(), required=False)

    def __init__(self, merchant: Merchant, order: Order, lines: Sequence[OrderLine], data: Any = None) -> None:
        super().__init__(data)
        self._order, self._lines, self._zone = order, lines, ZoneInfo(merchant.timezone)
        for number, line in enumerate(lines):
            name = " / ".join(each for each in (line.product_name, line.variant_name, line.sku) if each)
            self.fields[f"quantity_{number}"] = forms.IntegerField(
                label=name, min_value=0, max_value=line.ordered, required=False, help_text=f"of {line.ordered}"
            )
            self.fields[f"type_{number}"] = forms.ChoiceField(
                label="for", choices=UNKNOWN + stages.type_choices(), required=False
            )

    @property
    def pairs(self) -> Iterator[tuple[Any, Any]]:
        """The two fields of each line."""
        return ((self[f"quantity_{number}"], self[f"type_{number}"]) for number in range(len(self._lines)))

    def clean_created_at(self) -> datetime | None:
        """As an instant."""
        told: datetime | None = self.cleaned_data["created_at"]
        return told.replace(tzinfo=self._zone) if told else None

    def clean(self) -> None:
        """Something comes back."""
        super().clean()
        if not self.errors and not any(self._items()):
            raise ValidationError("Say how many units of at least one line come back.")

    def told(self, *, at: datetime) -> ReturnInput:
        """The return as every other source tells it; `at` is now."""
        return ReturnInput(
            external_id=self.cleaned_data["external_id"],
            order_external_id=self._order.external_id,
            created_at=self.cleaned_data["created_at"] or at,
            updated_at=at,
            coverage=self.cleaned_data["coverage"],
            delivery=self.cleaned_data["delivery"],
            items=tuple(self._items()),
        )

    def _items(self) -> Iterator[ItemInput]:
        """An item is known by the line that it comes of."""
        for number, line in enumerate(self._lines):
            quantity = self.cleaned_data.get(f"quantity_{number}")
            if quantity:
                yield ItemInput(
                    line.external_id, line.external_id, quantity, self.cleaned_data.get(f"type_{number}", "")
                )
