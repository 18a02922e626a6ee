"""Problems of orders and parcels."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, MerchantQuerySet, SameMerchant
from tracking import statuses
from tracking.models.order import Order
from tracking.models.problem import Problem
from tracking.models.shipment import Shipment


def issue_id(problem: str, external_id: str) -> str:
    """The identity of a problem's event: one of each type for each order or shipment, which is named by the merchant's own id."""
    return f"issue:{problem}:{external_id}"


RETURN_IS_NEWS_FOR = timedelta(days=30)
"""A parcel that goes back ends nothing that anybody would tell of: after this long it counts as dealt with."""


class IssueQuerySet(MerchantQuerySet["Issue"]):
    """Issues of one merchant, once `for_merchant` was called."""

    def open(self, *, at: datetime) -> Self:
        """Those that are still wrong at an instant.

        An order that stalled is waited for until it is shipped, cancelled or delivered; a parcel that stalled until it is
        scanned again, and one whose delivery was attempted until it arrives, each unless its way ended otherwise. A parcel that
        goes back is one for 30 days.
        """
        orders = Order.objects.filter(pk=OuterRef("order"), shipped_at=None, cancelled_at=None, delivered_at=None)
        parcels = Shipment.objects.filter(pk=OuterRef("shipment")).exclude(status__in=statuses.TERMINAL)
        # Looked up for the few rows that come into question: joined, every order and parcel of the merchant would be read.
        return self.filter(
            Q(Exists(orders), problem=Problem.FULFILLMENT_STALLED, resolved_at=None)
            | Q(Exists(parcels), problem=Problem.SHIPMENT_STALLED, resolved_at=None)
            | Q(Exists(parcels), problem=Problem.DELIVERY_ATTEMPTED)
            | Q(problem=Problem.RETURN_TO_SENDER, occurred_at__gt=at - RETURN_IS_NEWS_FOR)
        )


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

    objects: ClassVar[models.Manager[Any]] = IssueQuerySet.as_manager()

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
