"""A shopper of one merchant."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.tenancy import MerchantOwned, SameMerchant


class Customer(MerchantOwned):
    """A shopper of one merchant, known by e-mail or, where there is none, by phone. `integrations.customers` writes it.

    `email` is normalised (lower case), `phone` is E.164. `consent` is channel -> {state, at}: the newest word on marketing.
    `updates` is channel -> since when they want to hear of their own orders there, which is no consent to marketing.
    `account_created_at` is when they made an account in the shop, None for a guest. `merged_into` is who the shop says this
    was all along, and who is nobody else's: the row stays for what was told of it, and its addresses lead there.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        ERASED = "erased", "Erased"

    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=16, blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    company = models.CharField(max_length=160, blank=True)
    consent = models.JSONField(default=dict, blank=True)
    updates = models.JSONField(default=dict, db_default={}, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    created_at = models.DateTimeField(default=timezone.now)
    account_created_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="merged",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "email"], condition=~Q(email=""), name="customer_email_once"),
            models.UniqueConstraint(
                fields=["merchant", "phone"], condition=~Q(phone="") & Q(email=""), name="customer_phone_once"
            ),
            models.UniqueConstraint(fields=["merchant", "id"], name="customer_of_merchant"),
            SameMerchant(field="merged_into", name="customer_merged_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "phone"], condition=~Q(phone=""), name="customer_phone"),
            models.Index(fields=["merchant", "-created_at", "-id"], name="customer_by_time"),
            models.Index(
                fields=["merchant", "merged_into"], condition=Q(merged_into__isnull=False), name="customer_merged"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email or self.phone or f"customer {self.pk}"

    @property
    def full_name(self) -> str:
        """First and last name, as far as they are known."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def may_be_told(self) -> bool:
        """Whether a destination could know this shopper, and may."""
        return self.status != self.Status.ERASED and bool(self.email or self.phone)


class CustomerExternalId(MerchantOwned):
    """A customer's id in one of the merchant's own systems ("shopify", "5932…")."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="external_ids", db_constraint=False)
    source = models.CharField(max_length=20)
    external_id = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "source", "external_id"], name="customer_external_id_once"),
            SameMerchant(field="customer", name="external_id_customer_same_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"
