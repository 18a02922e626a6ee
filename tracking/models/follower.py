"""Who wants to hear of somebody's order."""

from __future__ import annotations

from django.db import models

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from tracking.models.order import Order


class Follower(MerchantOwned):
    """A customer who asked on an order's page to hear of its parcels from `since` on, and is not its shopper: somebody
    who waits for a present, or the buyer at an address that we do not know as theirs.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, related_name="followers", db_index=False, db_constraint=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "order", "customer"], name="follower_once"),
            SameMerchant(field="order", name="follower_order_same_merchant"),
            SameMerchant(field="customer", name="follower_customer_same_merchant"),
        ]
        indexes = [models.Index(fields=["merchant", "customer"], name="follower_by_customer")]

    def __str__(self) -> str:
        return f"{self.customer_id} follows {self.order_id}"
