"""What staff do where a shopper or a merchant wants to be forgotten, and the records of it. Those cannot be changed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from integrations import erasure, removal
from integrations.admin import show
from integrations.admin.deeds import Deed, Outcome
from integrations.admin.site import Clock, MerchantFilter, ReadOnlyAdmin, UntilFilter
from integrations.admin.theme import display
from integrations.audit import Actor
from integrations.models import Customer, DataRequest, Erasure, Merchant, MerchantRemoval

ERASE = "integrations.add_erasure"
REMOVE = "integrations.add_merchantremoval"
KEEP_PROFILE = "keep"


def erase_shopper(chosen: QuerySet[Customer], at: datetime, *, by: Actor, choices: Collection[str]) -> Outcome:
    """Forget them."""
    done = [
        each
        for row in chosen.select_related("merchant")
        for each in erasure.erase(row.merchant, [row], by=by, at=at, keeps_profile=KEEP_PROFILE in choices)
    ]
    if not done:
        return Outcome("The shopper was erased before.", is_good=False)
    asked = "Klaviyo is asked to delete the profile." if done[0].is_passed_on else "Klaviyo is asked nothing."
    return Outcome(f"The shopper is erased. {asked}")


def remove_merchant(chosen: QuerySet[Merchant], at: datetime, *, by: Actor, choices: Collection[str]) -> Outcome:
    """Have it removed in two days."""
    rows = [removal.request(each, by=by, at=at) for each in chosen]
    return Outcome(f"Nothing is delivered any more, and all data is removed on {show.exact(rows[0].due_at)}.")


def keep_merchant(chosen: QuerySet[Merchant], at: datetime, *, by: Actor, choices: Collection[str]) -> Outcome:
    """Do not remove it after all."""
    kept = [removal.stop(each, by=by, at=at) for each in chosen]
    if not all(kept):
        return Outcome("There is nothing to stop: no removal was asked for, or it has begun.", is_good=False)
    return Outcome("The merchant stays, and goes on as before.")


ERASE_SHOPPER = Deed(
    "erase",
    "Erase",
    "person_remove",
    ERASE,
    erase_shopper,
    tone="danger",
    hint="Forgets the shopper for good; what happened still counts.",
    confirm=(
        "Names, addresses, messages and the properties of events go for good; what happened stays and counts, but not to whom. "
        "What was not sent is not sent."
    ),
    choices=((KEEP_PROFILE, "Leave the profile at Klaviyo alone"),),
)
REMOVE_MERCHANT = Deed(
    "remove",
    "Remove",
    "delete_forever",
    REMOVE,
    remove_merchant,
    tone="danger",
    hint="Stops delivery now, and removes all data in two days.",
    confirm=(
        "Nothing is delivered from now on. In two days all of its data is removed for good: shoppers, orders, history, "
        "settings, and people who belong to no other merchant. Until then it can be stopped."
    ),
)
KEEP_MERCHANT = Deed(
    "keep",
    "Do not remove",
    "undo",
    REMOVE,
    keep_merchant,
    hint="Stops a removal that has not begun.",
    confirm="A removal that has not begun is stopped, and the merchant goes on as it did before.",
)


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    """That a shopper was erased."""

    when = show.since("at", "Erased")
    erased = show.moment("at", "Erased")
    looked_again = show.moment("looked_again_at", "Looked at again")
    clock = Clock(Erasure, "at")
    list_display = ("when", "merchant", "customer_key", "actor", "profile")
    list_filter = (("merchant", MerchantFilter), UntilFilter)
    list_select_related = ("merchant",)
    fieldsets = (
        (None, {"fields": ("erased", "about_merchant", "customer_key", "actor", "profile", "looked_again")}),
        ("Emptied", {"fields": ("counts",)}),
    )
    readonly_fields = ("erased", "about_merchant", "customer_key", "profile", "looked_again", "counts")

    @display(description="Shopper")
    def customer_key(self, record: Erasure) -> str:
        """The row that is left."""
        return f"customer {record.customer_id}"

    @display(description="Merchant")
    def about_merchant(self, record: Erasure) -> Any:
        """A link to the merchant."""
        return show.link(record.merchant)

    @display(description="Profile at Klaviyo")
    def profile(self, record: Erasure) -> Any:
        """How the request to delete it stands."""
        return ", ".join(erasure.profile_states(record)) if record.is_passed_on else "left alone"

    @display(description="Rows")
    def counts(self, record: Erasure) -> Any:
        """By kind."""
        return show.lines(f"{name}: {number:,}" for name, number in record.emptied.items())


@admin.register(DataRequest)
class DataRequestAdmin(ReadOnlyAdmin):
    """That a shopper asked the shop for their data."""

    when = show.since("asked_at", "Asked")
    asked = show.moment("asked_at", "Asked")
    answered = show.moment("answered_at", "Answered")
    list_display = ("when", "merchant", "shopper", "answered", "answered_by")
    list_filter = (("merchant", MerchantFilter),)
    list_select_related = ("merchant", "customer")
    fields = ("asked", "shopper", "answered", "answered_by")
    readonly_fields = ("asked", "shopper", "answered")

    @display(description="Shopper")
    def shopper(self, row: DataRequest) -> Any:
        """A link to the page from which their data is fetched."""
        return show.link(row.customer)


@admin.register(MerchantRemoval)
class MerchantRemovalAdmin(ReadOnlyAdmin):
    """That a merchant is to be removed, or was."""

    asked = show.moment("asked_at", "Asked for")
    due = show.moment("due_at", "Due")
    stopped = show.moment("stopped_at", "Stopped")
    removed = show.moment("removed_at", "Removed")
    list_before_template = None
    ordering = ("-pk",)
    list_display = ("public_id", "asked", "asked_by", "due", "stopped", "removed", "rows")
    fields = ("public_id", "asked", "asked_by", "due", "stopped", "stopped_by", "removed", "rows")
    readonly_fields = ("asked", "due", "stopped", "removed")

    def get_ordering(self, request: HttpRequest) -> Any:
        """The newest first."""
        return ["-pk"]
