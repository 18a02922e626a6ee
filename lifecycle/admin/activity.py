"""The merchants' activity logs and their feeds: read-only, because their systems say what happened."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from integrations.admin import finding, show
from integrations.admin.site import Clock, MerchantFilter, ReadOnlyAdmin, UntilFilter
from integrations.admin.theme import display
from integrations.models import Merchant
from lifecycle.models import Activity, LogFeed, LogSync
from lifecycle.models.activity import STATES, TOLD, WAITING

TONES = {TOLD: "good", WAITING: "info"}


def find_activities(term: str) -> list[int]:
    """Entries by shopper, or by the log's own id."""
    mine = Activity.objects.filter(merchant__in=Merchant.objects.values("pk"))
    is_person = finding.is_person(term)
    found = mine.filter(customer__in=finding.customers(term)) if is_person else mine.filter(entry_id=term)
    return list(found.values_list("pk", flat=True)[: finding.MOST])


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    """One entry."""

    when = show.since("occurred_at", "Happened")
    when_occurred = show.moment("occurred_at", "Happened")
    when_recorded = show.moment("recorded_at", "Recorded")
    when_parsed = show.moment("parsed_at", "Parsed")
    clock = Clock(Activity, "occurred_at")
    find = staticmethod(find_activities)
    search_fields = ("entry_id",)
    search_help_text = "E-mail, phone (+49…) or the log's id of the entry"
    list_display = ("kind", "merchant", "customer", "standing", "when")
    list_filter = (("merchant", MerchantFilter), UntilFilter)
    list_select_related = ("merchant", "customer")
    fieldsets = (
        (None, {"fields": ("kind", "entry_id", "about_merchant", "about_customer", "standing", "note", "is_history")}),
        ("What it says", {"fields": ("data",)}),
        ("When", {"fields": ("when_occurred", "when_recorded", "when_parsed")}),
    )
    wide = ("data",)
    readonly_fields = ("about_merchant", "about_customer", "standing", "when_occurred", "when_recorded", "when_parsed")

    @display(description="Merchant")
    def about_merchant(self, row: Activity) -> Any:
        """A link to the merchant."""
        return show.link(row.merchant)

    @display(description="Shopper")
    def about_customer(self, row: Activity) -> Any:
        """A link to the customer."""
        return show.link(row.customer)

    @display(description="Parsed")
    def standing(self, row: Activity) -> Any:
        """In its colour."""
        return show.chip(STATES[row.state], TONES.get(row.state, "plain"))


@admin.register(LogFeed)
class LogFeedAdmin(ReadOnlyAdmin):
    """Where a merchant's log is read."""

    when_since = show.moment("since", "Followed since")
    when_pulled = show.moment("pulled_at", "Last read")
    when_next = show.moment("next_pull_at", "Next read")
    list_display = ("__str__", "merchant", "entries", "failure", "when_pulled")
    list_filter = (("merchant", MerchantFilter),)
    list_select_related = ("merchant",)
    fields = (
        "merchant",
        "url",
        "when_since",
        "when_pulled",
        "when_next",
        "pages",
        "entries",
        "refused",
        "complaint",
        "failure",
    )
    readonly_fields = ("when_since", "when_pulled", "when_next")


@admin.register(LogSync)
class LogSyncAdmin(ReadOnlyAdmin):
    """A merchant's past, made into events."""

    when_created = show.moment("created_at", "Started")
    when_finished = show.moment("finished_at", "Ended")
    when_since = show.moment("since", "Of what happened since")
    list_display = ("__str__", "merchant", "entries", "parsed", "events", "when_created")
    list_filter = (("merchant", MerchantFilter), "state")
    list_select_related = ("merchant",)
    fields = (
        "merchant",
        "state",
        "when_since",
        "when_created",
        "when_finished",
        "pace",
        "pages",
        "entries",
        "refused",
        "complaint",
        "parsed",
        "events",
        "failure",
    )
    readonly_fields = ("when_since", "when_created", "when_finished")
