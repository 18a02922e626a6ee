"""Whom to tell when something is wrong, and what is wrong."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q

from integrations.fields import SealedField
from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned


class AlertAddress(MerchantOwned):
    """Who is told when something goes wrong with a merchant, and when it is over: an e-mail address, or a webhook's URL.

    `secret` signs what a webhook is sent. `told` are the kinds of alert that the address knows of. `failed_at` and `failure`
    say when the last message did not arrive, and why; they are empty where it did. `daily_list_at` is the time of the merchant's
    day at which it gets the daily list, None where it gets none; `daily_list_on` is the day of the last.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="alert_addresses", db_index=False)
    email = models.EmailField(max_length=254, blank=True)
    url = models.CharField(max_length=500, blank=True)
    secret = SealedField()
    told = models.JSONField(default=list, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=200, blank=True)
    daily_list_at = models.TimeField(null=True, blank=True)
    daily_list_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "alert addresses"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "email"], condition=~Q(email=""), name="alert_address_once"),
            models.UniqueConstraint(fields=["merchant", "url"], condition=~Q(url=""), name="alert_webhook_once"),
        ]

    def __str__(self) -> str:
        return self.email or f"webhook at {urlsplit(self.url).hostname}"


class Alert(MerchantOwned):
    """Something that is wrong now; the row goes when it is over."""

    class Kind(models.TextChoices):
        PAUSED = "paused", "Sending is paused"
        FAILURES = "failures", "Events fail"
        WAITING = "waiting", "Events wait"
        SILENT = "silent", "Nothing comes in"
        CODES = "codes", "Codes of rewards run low"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="alerts", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    detail = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "kind"], name="alert_once")]

    def __str__(self) -> str:
        return str(self.get_kind_display())
