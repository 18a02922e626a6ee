"""Whom to tell when something is wrong, and what they were told."""

from __future__ import annotations

from django.db import models

from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned


class AlertAddress(MerchantOwned):
    """An e-mail address that is told when something goes wrong with a merchant, and when it is over."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="alert_addresses", db_index=False)
    email = models.EmailField(max_length=254)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "alert addresses"
        constraints = [models.UniqueConstraint(fields=["merchant", "email"], name="alert_address_once")]

    def __str__(self) -> str:
        return self.email


class Alert(MerchantOwned):
    """Something that is wrong now; the row goes when it is over. `told_at` is None until the addresses were told."""

    class Kind(models.TextChoices):
        PAUSED = "paused", "Sending is paused"
        FAILURES = "failures", "Events fail"
        WAITING = "waiting", "Events wait"
        SILENT = "silent", "Nothing comes in"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="alerts", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    detail = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "kind"], name="alert_once")]

    def __str__(self) -> str:
        return str(self.get_kind_display())
