"""The ledger of all merchants. Nobody changes it: what was wrong is put right by another entry, on the member's page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from integrations.admin import finding, show
from integrations.admin.site import Clock, MerchantFilter, UntilFilter
from integrations.admin.theme import ChoicesDropdownFilter, display
from integrations.models import Merchant
from loyalty.admin.members import find_members
from loyalty.admin.pages import LoyaltyAdmin
from loyalty.models import Allocation, LedgerEntry, Lot

PARTS = 100
"""Lots that the page of an entry lists."""


def find_entries(term: str) -> list[int]:
    """Entries of the members that are found, the newest of each merchant first."""
    everyone = Merchant.objects.values("pk")
    found = LedgerEntry.objects.filter(merchant__in=everyone, member__in=find_members(term))
    return list(found.order_by("-pk").values_list("pk", flat=True)[: finding.MOST])


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LoyaltyAdmin):
    """One entry."""

    when = show.since("effective_at", "When")
    happened = show.moment("effective_at", "Happened")
    posted = show.moment("recorded_at", "Posted")
    clock = Clock(LedgerEntry, "effective_at")
    find = staticmethod(find_entries)
    search_fields = ("pk",)
    search_help_text = "E-mail, phone (+49…) or the shop's customer id"
    list_display = ("when", "merchant", "shopper", "points", "balance_after", "source", "note", "actor")
    list_filter = (("merchant", MerchantFilter), UntilFilter, ("source", ChoicesDropdownFilter))
    list_select_related = ("merchant", "member__customer")
    fieldsets = (
        (None, {"fields": ("about_merchant", "about_member", "points", "balance_after", "source", "note", "actor")}),
        ("When", {"fields": ("happened", "posted")}),
        ("Why", {"fields": ("cause", "order_number", "order_external_id")}),
        ("Lots", {"fields": ("came_into", "taken_from")}),
    )
    wide = ("cause",)
    readonly_fields = ("about_merchant", "about_member", "happened", "posted", "came_into", "taken_from")

    @display(description="Member")
    def shopper(self, row: LedgerEntry) -> str:
        """By name, else address."""
        return str(row.member.customer)

    @display(description="Points that came with it")
    def came_into(self, row: LedgerEntry) -> Any:
        """Each lot, with what is left of it and when that runs out."""
        lots = Lot.objects.for_merchant(row.merchant_id).filter(entry=row).order_by("pk")[:PARTS]
        return show.lines(f"{each.points:,}, of which {each.remaining:,} are left{_until(each)}" for each in lots)

    @display(description="Taken from lots, or given back")
    def taken_from(self, row: LedgerEntry) -> Any:
        """How many points of which lot."""
        mine = Allocation.objects.for_merchant(row.merchant_id).filter(entry=row).select_related("lot").order_by("pk")
        return show.lines(
            f"{abs(each.points):,} {'from' if each.points > 0 else 'back to'} those of {each.lot.effective_at:%Y-%m-%d}"
            for each in mine[:PARTS]
        )


def _until(lot: Lot) -> str:
    return f"; they run out on {lot.expires_at:%Y-%m-%d %H:%M} UTC" if lot.expires_at else "; they never run out"
