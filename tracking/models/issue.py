"""Problems of orders and parcels."""

from __future__ import annotations

from django.db import models

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from tracking.models.order import Order
from tracking.models.shipment import Shipment


class Issue(MerchantOwned):
    """A problem found with an order or a shipment: once of each type for each, and never taken back."""

    class Problem(models.TextChoices):
        DELIVERY_ATTEMPTED = "ShipmentDeliveryAttempted", "Delivery attempted"
        RETURN_TO_SENDER = "ShipmentReturnToSender", "Returned to sender"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    problem = models.CharField(max_length=32, choices=Problem)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="issues", db_constraint=False)
    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="issues", db_constraint=False)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "problem"], name="issue_once"),
            SameMerchant(field="order", name="issue_order_same_merchant"),
            SameMerchant(field="shipment", name="issue_shipment_same_merchant"),
        ]
        indexes = [models.Index(fields=["merchant", "-occurred_at", "-id"], name="issue_by_time")]

    def __str__(self) -> str:
        return f"{self.problem} of {self.shipment}"
