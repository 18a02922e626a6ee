"""Problems of orders and parcels."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, MerchantQuerySet, SameMerchant
from tracking import statuses
from tracking.models.order import Order
from tracking.models.problem import Problem
from tracking.models.shipment import Shipment


def issue_id(problem: str, external_id: str) -> str:
    """The identity of a problem's event: one of each type for each order or shipment, which is named by the merchant's own id."""
    return f"issue:{problem}:{external_id}"


class IssueQuerySet(MerchantQuerySet["Issue"]):
    """Issues, and which of them are still open."""

    def open(self) -> Self:
        """Those that nothing has settled: the order still waits to be shipped; the parcel neither moved again nor arrived.

        What went wrong on a parcel's way otherwise is open until the parcel arrives or is called off.
        """
        waits = Q(shipment=None, order__shipped_at=None, order__delivered_at=None, order__cancelled_at=None)
        is_stalled = Q(problem=Problem.SHIPMENT_STALLED)
        on_its_way = [each for each in statuses.ALL if each not in statuses.TERMINAL]
        stands = is_stalled & Q(shipment__status__in=on_its_way)
        troubled = ~is_stalled & Q(shipment__status__in=[*on_its_way, statuses.RETURN_TO_SENDER])
        return self.filter(waits | stands | troubled, resolved_at=None)


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

    objects: ClassVar[Any] = IssueQuerySet.as_manager()

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
