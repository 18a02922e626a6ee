"""What the activity log tells of: the fact that its metrics are declared on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q

from integrations.catalog import Fact
from integrations.models import Customer, CustomMetric, Event, Merchant
from lifecycle import kinds
from lifecycle.models import Activity
from tracking.reading import Record

AMOUNTS = ("Amount", "CreditAmount")
"""What an entry's amount is called, in major units; `Currency` goes with it where it is not the merchant's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityLogged(Fact):
    """An entry of the log was parsed."""

    activity: Activity

    def of_text(self, name: str) -> str:
        """A property that is a text, "" where the entry has none."""
        return Record(self.activity.data, "entry").text(name)

    def of_amount(self, name: str) -> float | None:
        """A property that is an amount, None where the entry has none."""
        amount = Record(self.activity.data, "entry").money(name)
        return None if amount is None else float(amount)

    def of_list(self, name: str) -> list[Any]:
        """A property that is a list, empty where the entry has none."""
        found = self.activity.data.get(name)
        return found if isinstance(found, list) else []


def amount_of(activity: Activity, merchant: Merchant) -> tuple[Decimal, str] | None:
    """What the entry is worth: (amount in major units, currency); None where it names no amount."""
    entry = Record(activity.data, "entry")
    amounts = [amount for name in AMOUNTS if (amount := entry.money(name)) is not None]
    if not amounts:
        return None
    currency = entry.text("Currency").upper()
    is_code = len(currency) == 3 and currency.isascii() and currency.isalpha()
    return amounts[0].quantize(Decimal("0.0001")), currency if is_code else merchant.currency


def identity_of(activity: Activity) -> str:
    """The `unique_id` of an entry's event."""
    return f"log:{activity.entry_id}"


def events_of(merchant: Merchant, entries: Sequence[Activity]) -> dict[int, int]:
    """The keys of the events that entries became: entry -> event. Two statements at most."""
    names = {each.kind for each in entries} - kinds.METRICS.keys()
    own = CustomMetric.objects.for_merchant(merchant).filter(Q(key__in=names) | Q(name__in=names)) if names else ()
    # By metric, too: the index begins with it, and by their ids alone the merchant's whole history would be read.
    metrics = [*kinds.METRICS.values(), *(each.key for each in own)]
    ids = {identity_of(each): each.pk for each in entries}
    mine = Event.objects.for_merchant(merchant).filter(metric__in=metrics, unique_id__in=ids)
    return {ids[unique_id]: key for key, unique_id in mine.values_list("pk", "unique_id")}


def subject_of(customer: Customer) -> str:
    """Whose story an entry's event belongs to."""
    return f"customer:{customer.pk}"
