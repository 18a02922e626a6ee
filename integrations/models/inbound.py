"""Messages from outside, kept once and replayable, and the secrets that prove where they come from."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.fields import SealedField
from integrations.models.customer import Customer
from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant


class SourceSecret(MerchantOwned):
    """The webhook secret of one source of a merchant: the current one and, for a while after a change, the previous one."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="source_secrets")
    source = models.CharField(max_length=20)
    current = SealedField()
    previous = SealedField()
    previous_until = models.DateTimeField(null=True, blank=True)
    last4 = models.CharField(max_length=4, editable=False)
    connected_at = models.DateTimeField()
    disconnected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "source"], name="source_secret_once")]

    def __str__(self) -> str:
        return f"{self.source} secret …{self.last4}"


class InboundMessage(MerchantOwned):
    """One raw message from a source, stored once. `key` is the source's delivery id or, where it has none, a content hash.

    `waits_for` names what must exist before it can be handled. `reference` is the order or tracking number it turned out to
    be about, `customer` the shopper. `error` keeps the traceback of a failed handling.
    """

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        HANDLED = "handled", "Handled"
        WAITING = "waiting", "Waits for something else"
        FAILED = "failed", "Failed"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    source = models.CharField(max_length=20)
    topic = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    handled_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    waits_for = models.CharField(max_length=120, blank=True)
    reference = models.CharField(max_length=80, blank=True)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "source", "key"], name="inbound_once"),
            SameMerchant(field="customer", name="inbound_customer_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "id"], condition=Q(state="received"), name="inbound_unhandled"),
            models.Index(fields=["merchant", "waits_for"], condition=Q(state="waiting"), name="inbound_waiting"),
            models.Index(fields=["merchant", "id"], condition=Q(state="failed"), name="inbound_failed"),
            models.Index(fields=["merchant", "-received_at", "-id"], name="inbound_by_time"),
            models.Index(
                fields=["merchant", "customer"], condition=Q(customer__isnull=False), name="inbound_by_customer"
            ),
            models.Index(fields=["merchant", "reference"], condition=~Q(reference=""), name="inbound_by_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.topic} {self.key}"
