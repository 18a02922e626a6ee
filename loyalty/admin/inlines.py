"""What stands on a member's page: the ledger, the lots, what became of the tier, the rewards, each in pages of its own."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpRequest

from integrations.admin import show
from integrations.admin.theme import display
from loyalty.models import IssuedReward, LedgerEntry, Lot, TierTransition
from tracking import money
from tracking.admin.parcels import ReadOnlyInline

ROWS = 10
STATES = (("used_at", "Used", "good"), ("deactivated_at", "Deactivated", "bad"), ("expired_at", "Expired", "plain"))
"""How a reward ends: when, what it is called, and its tone."""


class MemberInline(ReadOnlyInline):
    """Rows of a member, a page at a time."""

    per_page = ROWS
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the merchant, by which the indexes begin; a member's rows are of no other."""
        return super().get_queryset(request).filter(merchant=F("member__merchant"))


class EntryInline(MemberInline):
    """The ledger. Its entries add up to the balance."""

    model = LedgerEntry
    fields = ("when", "points", "balance_after", "source", "note", "order_number", "actor")
    readonly_fields = ("when",)
    when = show.moment("effective_at", "When")


class LotInline(MemberInline):
    """Points that came together, and what is left of them."""

    model = Lot
    fields = ("when", "points", "remaining", "runs_out")
    readonly_fields = ("when", "runs_out")
    when = show.moment("effective_at", "Since")
    runs_out = show.moment("expires_at", "Run out")


class TransitionInline(MemberInline):
    """How the member came into tiers and out."""

    model = TierTransition
    fields = ("when", "type", "from_tier", "to_tier", "spent", "ends", "reason", "actor")
    readonly_fields = ("when", "spent", "ends")
    when = show.moment("effective_at", "When")
    ends = show.moment("expires_at", "Until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the tiers' names."""
        return super().get_queryset(request).select_related("from_tier", "to_tier", "merchant")

    @display(description="Spent in 365 days")
    def spent(self, row: TierTransition) -> str:
        """In the merchant's currency."""
        return f"{money.major(row.spend_minor, row.merchant.currency):,} {row.merchant.currency}"


class RewardInline(MemberInline):
    """The rewards that the member got."""

    model = IssuedReward
    fields = ("when", "reward", "source", "points_spent", "code", "state", "ends")
    readonly_fields = ("when", "state", "ends")
    show_change_link = True
    when = show.moment("issued_at", "Issued")
    ends = show.moment("expires_at", "Can be used until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With their names and codes."""
        return super().get_queryset(request).select_related("reward", "code")

    @display(description="State")
    def state(self, row: IssuedReward) -> Any:
        """In its colour."""
        return state_of(row)


def state_of(row: IssuedReward) -> Any:
    """Whether a reward can still be used, or how it ended."""
    ended = ((label, tone, getattr(row, when)) for when, label, tone in STATES if getattr(row, when) is not None)
    label, tone, when = next(ended, ("Open", "info", None))
    return show.chip(label, tone, show.exact(when) if when else "")
