"""Orders, what they consist of, and the parcels they travel in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from tracking import statuses


class Order(MerchantOwned):
    """An order of one merchant. `external_id` is the shop's id, `number` its name there ("#1001").

    `placed_at` and the other instants are the source's; `source_updated_at` is how new the newest message about it was.
    `total` is in major units of `currency`.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=64)
    number = models.CharField(max_length=60)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="orders",
        db_index=False,
        db_constraint=False,
    )
    currency = models.CharField(max_length=3, blank=True)
    total = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    is_test = models.BooleanField(default=False)
    status_url = models.URLField(max_length=500, blank=True)
    destination_country = models.CharField(max_length=2, blank=True)
    placed_at = models.DateTimeField()
    source_updated_at = models.DateTimeField()
    processing_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=60, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "external_id"], name="order_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="order_of_merchant"),
            SameMerchant(field="customer", name="order_customer_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "number"], name="order_by_number"),
            models.Index(fields=["merchant", "customer", "-placed_at"], name="order_by_customer"),
            models.Index(fields=["merchant", "-placed_at", "-id"], name="order_by_time"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        """The name under which its events are one story."""
        return f"order:{self.external_id}"

    @property
    def status(self) -> str:
        """Where it stands, in Whiplash's words: placed, processing, shipped, delivered or cancelled."""
        return self.status_and_time[0]

    @property
    def status_and_time(self) -> tuple[str, datetime]:
        """Where it stands, and since when."""
        return stage_of(vars(self))


def stage_of(order: Mapping[str, Any]) -> tuple[str, Any]:
    """Where an order stands, and since when, by the instants among its values."""
    for stage in ("cancelled", "delivered", "shipped", "processing"):
        if order[f"{stage}_at"] is not None:
            return stage, order[f"{stage}_at"]
    return "placed", order["placed_at"]


class OrderLine(MerchantOwned):
    """One line of an order. `quantity` is what is still ordered; `ordered` what was ordered first."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, related_name="lines", db_index=False, db_constraint=False
    )
    external_id = models.CharField(max_length=64)
    position = models.PositiveSmallIntegerField(default=0)
    product_name = models.CharField(max_length=255)
    variant_name = models.CharField(max_length=255, blank=True)
    sku = models.CharField(max_length=120, blank=True)
    product_id = models.CharField(max_length=64, blank=True)
    variant_id = models.CharField(max_length=64, blank=True)
    quantity = models.PositiveIntegerField()
    ordered = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    requires_shipping = models.BooleanField(default=True)
    image_url = models.URLField(max_length=500, blank=True)
    product_url = models.URLField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "external_id"], name="order_line_once"),
            SameMerchant(field="order", name="order_line_order_same_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product_name}"


def status_choices() -> list[tuple[str, str]]:
    """The ten statuses with their labels."""
    return list(statuses.LABELS.items())


class Shipment(MerchantOwned):
    """One parcel of an order. `items` is [[line's external id, quantity], …].

    `promised_on` is the first delivery date that was promised, `expected_on` the newest. `status_at` is the carrier's time of
    the scan that set the status.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="shipments", db_constraint=False)
    external_id = models.CharField(max_length=120)
    fulfillment_id = models.CharField(max_length=64)
    tracking_number = models.CharField(max_length=80, blank=True)
    carrier = models.CharField(max_length=60, blank=True)
    service_level = models.CharField(max_length=80, blank=True)
    carrier_url = models.URLField(max_length=500, blank=True)
    destination_country = models.CharField(max_length=2, blank=True)
    items = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=24, choices=status_choices, default=statuses.UNKNOWN)
    substatus = models.CharField(max_length=60, blank=True)
    status_message = models.CharField(max_length=300, blank=True)
    status_at = models.DateTimeField()
    shipped_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    promised_on = models.DateField(null=True, blank=True)
    expected_on = models.DateField(null=True, blank=True)
    source_updated_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "external_id"], name="shipment_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="shipment_of_merchant"),
            SameMerchant(field="order", name="shipment_order_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "fulfillment_id"], name="shipment_by_fulfillment"),
            models.Index(
                fields=["merchant", "tracking_number"], condition=~Q(tracking_number=""), name="shipment_by_number"
            ),
        ]

    def __str__(self) -> str:
        return self.tracking_number or self.external_id


class Scan(MerchantOwned):
    """One tracking update of a shipment, kept once however often a carrier repeats it: `fingerprint` is its content.

    `is_transition`: it moved the shipment's status on.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    shipment = models.ForeignKey(
        Shipment, on_delete=models.CASCADE, related_name="scans", db_index=False, db_constraint=False
    )
    fingerprint = models.CharField(max_length=40)
    status = models.CharField(max_length=24, choices=status_choices)
    substatus = models.CharField(max_length=60, blank=True)
    raw_status = models.CharField(max_length=120, blank=True)
    message = models.CharField(max_length=300, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    city = models.CharField(max_length=80, blank=True)
    province = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=60, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    is_attempt = models.BooleanField(default=False)
    is_transition = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "fingerprint"], name="scan_once"),
            SameMerchant(field="shipment", name="scan_shipment_same_merchant"),
        ]
        indexes = [models.Index(fields=["shipment", "-occurred_at"], name="scan_by_time")]

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M} {self.status}"


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
