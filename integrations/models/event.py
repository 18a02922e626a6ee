"""The history: what was worth telling."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models.customer import Customer
from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant


class Event(MerchantOwned):
    """One row of history, written by `integrations.history` only and never changed, but for an identity that arrives late.

    `metric` is the catalogue's key and `metric_name` the name that Klaviyo knows, frozen here. `occurred_at` is when it
    happened at the source (whole seconds), `recorded_at` when we learnt of it. After `fresh_until` it starts no flow.
    `value` is in major units of `value_currency`.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    metric = models.CharField(max_length=40)
    metric_name = models.CharField(max_length=127)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="events",
        db_index=False,
        db_constraint=False,
    )
    unique_id = models.CharField(max_length=128)
    subject = models.CharField(max_length=80)
    order_number = models.CharField(max_length=60, blank=True)
    tracking_number = models.CharField(max_length=80, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    fresh_until = models.DateTimeField(null=True, blank=True)
    value = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    value_currency = models.CharField(max_length=3, blank=True)
    properties = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "metric", "unique_id"], name="event_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="event_of_merchant"),
            SameMerchant(field="customer", name="event_customer_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "-occurred_at", "-id"], name="event_by_time"),
            models.Index(fields=["merchant", "metric", "-occurred_at", "-id"], name="event_by_metric"),
            models.Index(fields=["merchant", "recorded_at"], name="event_by_recording"),
            models.Index(fields=["merchant", "customer", "-occurred_at", "-id"], name="event_by_customer"),
            models.Index(fields=["merchant", "order_number"], condition=~Q(order_number=""), name="event_by_order"),
            models.Index(
                fields=["merchant", "tracking_number"], condition=~Q(tracking_number=""), name="event_by_tracking"
            ),
            models.Index(fields=["merchant", "subject"], condition=Q(customer=None), name="event_without_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.metric_name} {self.unique_id}"
