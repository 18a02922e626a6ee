"""Samples that were really sent."""

from __future__ import annotations

from django.db import models

from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned


class TestEvent(MerchantOwned):
    """A sample of a metric that somebody sent to the merchant's account, marked as a test. It did not happen: no Event.

    `status` is the HTTP status, 0 where no request was made or no answer came; `detail` is what was said against it.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    metric_name = models.CharField(max_length=127)
    email = models.EmailField(max_length=254)
    sent_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(default=0)
    request_id = models.CharField(max_length=64, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["merchant", "-sent_at", "-id"], name="test_event_by_time")]

    def __str__(self) -> str:
        return f"test of {self.metric_name}"

    @property
    def is_accepted(self) -> bool:
        """Whether the destination took it."""
        return self.status // 100 == 2
