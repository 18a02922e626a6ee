"""Addresses that are not to be mailed, and how they compare with the destination: read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from integrations.admin import finding, show
from integrations.admin.site import Clock, MerchantFilter, ReadOnlyAdmin, UntilFilter
from integrations.admin.theme import display
from integrations.models import Merchant, Suppression, SuppressionCheck


def find_suppressions(term: str) -> list[int]:
    """By e-mail address."""
    mine = Suppression.objects.filter(merchant__in=Merchant.objects.values("pk"), email=term.strip().lower())
    return list(mine.values_list("pk", flat=True)[: finding.MOST])


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    """One address."""

    when = show.since("suppressed_at", "Suppressed")
    suppressed = show.moment("suppressed_at", "Suppressed")
    lifted = show.moment("lifted_at", "Lifted by a new consent")
    seen = show.moment("seen_at", "Last seen suppressed there")
    missing = show.moment("missing_since", "Missing there since")
    asked_again = show.moment("asked_again_at", "Asked for again")
    clock = Clock(Suppression, "suppressed_at")
    find = staticmethod(find_suppressions)
    search_fields = ("email",)
    search_help_text = "E-mail"
    list_display = ("email", "merchant", "reason", "when", "lifted", "missing")
    list_filter = (("merchant", MerchantFilter), UntilFilter)
    list_select_related = ("merchant",)
    fields = ("email", "about_merchant", "shopper", "reason", "suppressed", "lifted", "seen", "missing", "asked_again")
    readonly_fields = ("about_merchant", "shopper", "suppressed", "lifted", "seen", "missing", "asked_again")

    @display(description="Merchant")
    def about_merchant(self, row: Suppression) -> Any:
        """A link to the merchant."""
        return show.link(row.merchant)

    @display(description="Shopper")
    def shopper(self, row: Suppression) -> Any:
        """A link to the customer."""
        return show.link(row.customer)


@admin.register(SuppressionCheck)
class SuppressionCheckAdmin(ReadOnlyAdmin):
    """The comparison with one connection."""

    began = show.moment("began_at", "Under way since")
    finished = show.moment("finished_at", "Finished")
    list_display = ("merchant", "connection", "finished", "seen", "missing", "found", "began", "error")
    list_filter = (("merchant", MerchantFilter),)
    list_select_related = ("merchant", "connection__merchant")
    fields = ("connection", "finished", "seen", "missing", "found", "began", "counted", "error")
    readonly_fields = ("finished", "began")
