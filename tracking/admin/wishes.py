"""What shoppers wish for: read-only, because they say it themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from integrations.admin import finding, show
from integrations.admin.site import Clock, MerchantFilter, ReadOnlyAdmin, UntilFilter
from integrations.admin.theme import display
from integrations.models import Merchant
from tracking.models import WishlistItem


def find_wishes(term: str) -> list[int]:
    """What a shopper wishes for, by e-mail address, phone number or the shop's id."""
    everyone = Merchant.objects.values("pk")
    found = WishlistItem.objects.filter(merchant__in=everyone, customer__in=finding.customers(term))
    return list(found.values_list("pk", flat=True)[: finding.MOST])


@admin.register(WishlistItem)
class WishlistItemAdmin(ReadOnlyAdmin):
    """A product on a shopper's wish list."""

    when = show.since("added_at", "Added")
    when_added = show.moment("added_at", "Added")
    clock = Clock(WishlistItem, "added_at")
    find = staticmethod(find_wishes)
    search_fields = ("product",)
    search_help_text = "E-mail, phone (+49…) or the shop's customer id"
    list_display = ("product_name", "variant_name", "merchant", "customer", "order_number", "when")
    list_filter = (("merchant", MerchantFilter), UntilFilter)
    list_select_related = ("merchant", "customer")
    fieldsets = (
        (None, {"fields": ("product_name", "variant_name", "about_merchant", "about_customer", "when_added")}),
        ("At the shop", {"fields": ("product_id", "variant_id", "sku", "product_url", "image_url", "order_number")}),
    )
    wide = ("product_url", "image_url")
    readonly_fields = ("about_merchant", "about_customer", "when_added")

    @display(description="Merchant")
    def about_merchant(self, item: WishlistItem) -> Any:
        """A link to the merchant."""
        return show.link(item.merchant)

    @display(description="Shopper")
    def about_customer(self, item: WishlistItem) -> Any:
        """A link to the customer."""
        return show.link(item.customer)
