"""Products that shoppers want to remember."""

from __future__ import annotations

from django.db import models

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned, SameMerchant


class WishlistItem(MerchantOwned):
    """A product on a shopper's wish list, as it was when they put it there.

    `product` is by what it is known there ("variant:45", "sku:WJ-BL-L"): the same product is on a list once. `order_number` is
    the order on whose page the shopper found it, "" where there was none.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="wishlist", db_index=False, db_constraint=False
    )
    product = models.CharField(max_length=128)
    product_id = models.CharField(max_length=64, blank=True)
    variant_id = models.CharField(max_length=64, blank=True)
    sku = models.CharField(max_length=120, blank=True)
    product_name = models.CharField(max_length=255)
    variant_name = models.CharField(max_length=255, blank=True)
    image_url = models.URLField(max_length=500, blank=True)
    product_url = models.URLField(max_length=500, blank=True)
    order_number = models.CharField(max_length=60, blank=True)
    added_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "customer", "product"], name="wishlist_product_once"),
            SameMerchant(field="customer", name="wishlist_customer_same_merchant"),
        ]
        indexes = [models.Index(fields=["merchant", "-added_at", "-id"], name="wishlist_by_time")]

    def __str__(self) -> str:
        return self.product_name
