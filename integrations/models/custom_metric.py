"""Metrics that a merchant declares itself."""

from __future__ import annotations

from django.db import models

from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned


class CustomMetric(MerchantOwned):
    """A kind of event that the merchant's own systems report. `integrations.custom_metrics` declares and reads them.

    `key` begins with "custom_"; `name` is the metric's in Klaviyo and stays. `properties` are objects with `name`, `type`,
    `is_required` and `description`.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="custom_metrics", db_index=False)
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=127)
    description = models.CharField(max_length=300, blank=True)
    properties = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="custom_metric_key_once"),
            models.UniqueConstraint(fields=["merchant", "name"], name="custom_metric_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
