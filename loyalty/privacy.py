"""What the programme holds of a shopper, and how it is emptied: points stay, as sums of nobody; words and the birth month go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from integrations.disclosure import in_pages, told, with_children
from integrations.models import Merchant
from integrations.privacy import Holding, register
from loyalty.models import LedgerEntry, Member, TierTransition

ENTRY = ("effective_at", "points", "balance_after", "source", "note", "order_number")


def _members(merchant: Merchant, customers: Sequence[int]) -> Any:
    return Member.objects.for_merchant(merchant).filter(customer__in=customers)


def _empty(merchant: Merchant, customers: Sequence[int]) -> int:
    members = _members(merchant, customers)
    LedgerEntry.objects.for_merchant(merchant).filter(member__in=members.values("pk")).update(note="")
    return int(members.update(birth_month=None))


def _tell(merchant: Merchant, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each membership with its entries."""
    columns = ("joined_at", "status", "status_at", "balance", "birth_month")
    for page in in_pages(_members(merchant, customers), *columns):
        entries = LedgerEntry.objects.for_merchant(merchant).filter(member__in=[row["pk"] for row in page])
        yield from with_children(page, "entries", entries.order_by("pk").values("member", *ENTRY))


def _transitions(merchant: Merchant, customers: Sequence[int]) -> Any:
    return TierTransition.objects.for_merchant(merchant).filter(member__customer__in=customers)


def _empty_transitions(merchant: Merchant, customers: Sequence[int]) -> int:
    return int(_transitions(merchant, customers).update(reason=""))


def _tell_transitions(merchant: Merchant, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    columns = ("effective_at", "type", "from_tier__name", "to_tier__name", "expires_at", "spend_minor", "reason")
    return told(_transitions(merchant, customers), *columns)


register(
    Holding("memberships", _empty, _tell),
    Holding("tiers", _empty_transitions, _tell_transitions),
)
