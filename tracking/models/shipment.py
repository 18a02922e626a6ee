"""The parcels that orders travel in, and their scans."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from tracking import statuses
from tracking.models.order import Order


def status_choices() -> list[tuple[str, str]]:
    """The ten statuses with their labels."""
    return list(statuses.LABELS.items())


class Shipment(MerchantOwned):
    """One parcel of an order. `items` is [[line's external id, quantity], …].

    `promised_on` is the first delivery date that was promised, `expected_on` the newest. `status_at` is the carrier's time of
    the scan that set the status, `last_scan_at` that of the newest scan of all. `stalls_at` and `stalled_at` are as an order's;
    `delays_at` is when it counts as delayed if it has not arrived, `delayed_at` and `early_at` are when it was known to come
    late or early, and stay.
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
    last_scan_at = models.DateTimeField(null=True, blank=True)
    stalls_at = models.DateTimeField(null=True, blank=True)
    stalled_at = models.DateTimeField(null=True, blank=True)
    delays_at = models.DateTimeField(null=True, blank=True)
    delayed_at = models.DateTimeField(null=True, blank=True)
    early_at = models.DateTimeField(null=True, blank=True)
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
            models.Index(fields=["merchant", "-shipped_at", "-id"], name="shipment_by_time"),
            models.Index(
                fields=["merchant", "status", "-shipped_at", "-id"],
                condition=Q(status__in=statuses.SELDOM),
                name="shipment_seldom",
            ),
            models.Index(
                fields=["merchant", "tracking_number"], condition=~Q(tracking_number=""), name="shipment_by_number"
            ),
            models.Index(fields=["stalls_at"], condition=Q(stalls_at__isnull=False), name="shipment_stalls"),
            models.Index(fields=["delays_at"], condition=Q(delays_at__isnull=False), name="shipment_delays"),
        ]

    def __str__(self) -> str:
        return self.tracking_number or self.external_id

    @property
    def still_since(self) -> datetime:
        """Since when nothing was heard of it: its last scan, else its fulfilment."""
        return self.last_scan_at or self.shipped_at


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
        indexes = [models.Index(fields=["merchant", "shipment", "-occurred_at"], name="scan_of_parcel")]

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M} {self.status}"
