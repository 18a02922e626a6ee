"""Problems of orders and parcels."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from tracking.models.order import Order
from tracking.models.problem import Problem
from tracking.models.shipment import Shipment


def issue_id(problem: str, external_id: str) -> str:
    """The identity of a problem's event: one of each type for each order or shipment, which is named by the merchant's own id."""
    return f"issue:{problem}:{external_id}"


class Issue(MerchantOwned):
    """A problem found with an order (`shipment` is None) or a shipment: once of each type for each, and never taken back.

    `occurred_at` is when it arose: the carrier's time of the scan, or the instant at which the time ran out. For what stalled,
    `still_since` is since when nothing had happened, `window_hours` are the hours that were granted, and `resolved_at` is when
    it moved again.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    problem = models.CharField(max_length=32, choices=Problem)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="issues", db_constraint=False)
    shipment = models.ForeignKey(
        Shipment, on_delete=models.CASCADE, null=True, blank=True, related_name="issues", db_constraint=False
    )
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    still_since = models.DateTimeField(null=True, blank=True)
    # Not a positive field: its check would read the whole table when the column is added.
    window_hours = models.SmallIntegerField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "problem"], name="issue_once"),
            models.UniqueConstraint(
                fields=["order", "problem"], condition=Q(shipment=None), name="issue_of_order_once"
            ),
            SameMerchant(field="order", name="issue_order_same_merchant"),
            SameMerchant(field="shipment", name="issue_shipment_same_merchant"),
        ]
        indexes = [models.Index(fields=["merchant", "-occurred_at", "-id"], name="issue_by_time")]

    def __str__(self) -> str:
        return f"{self.problem} of {self.shipment or self.order}"
