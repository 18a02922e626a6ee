"""What a shopper consented to, and what is to be changed of their profile at the destinations."""

from __future__ import annotations

from django.db import models

from integrations.models.customer import Customer
from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant


class ConsentRecord(MerchantOwned):
    """That a shopper ticked a box: what stood beside it, when, and where. `integrations.consent` writes it, nothing changes it.

    `channels` are those that were ticked ("email", "sms"), `email` and `phone` the addresses as they were then. `text` is what
    was shown, word for word, `version` the merchant's name for that wording. `source` is where the shopper stood
    ("Tracking page"), `origin` what else tells of it there: a page's address, a machine's.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        related_name="consent_records",
        db_index=False,
        db_constraint=False,
    )
    channels = models.JSONField(default=list)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=16, blank=True)
    text = models.TextField()
    version = models.CharField(max_length=80, blank=True)
    source = models.CharField(max_length=80)
    origin = models.CharField(max_length=200, blank=True)
    given_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "id"], name="consent_of_merchant"),
            SameMerchant(field="customer", name="consent_customer_same_merchant"),
        ]
        indexes = [models.Index(fields=["merchant", "customer", "-id"], name="consent_by_customer")]

    def __str__(self) -> str:
        return f"{' and '.join(self.channels)}, {self.given_at:%Y-%m-%d %H:%M} UTC, {self.source}"


class ProfileChange(MerchantOwned):
    """What is to be changed of one shopper's profile, as an Event is what is to be told. `integrations.profiles` writes it.

    `email` and `phone` are the profile that is meant, frozen: a consent is given for an address, not for whoever has it later.
    `channels` are those that a subscription is about. `source` tells the destination where it came from. `details` by kind: of
    `upsert` the fields that are known, and as `current` the names of profile properties that are read when it is sent; of
    `list_add` and `list_remove` the list's id; of `merge` the address of the profile that is given up. `asked_at` is when the
    shopper acted, by which an older consent is told from a newer opt-out.
    """

    class Kind(models.TextChoices):
        SUBSCRIBE = "subscribe", "Subscribe to marketing"
        UNSUBSCRIBE = "unsubscribe", "Unsubscribe from marketing"
        SUPPRESS = "suppress", "Suppress e-mail"
        LIST_ADD = "list_add", "Add to a list"
        LIST_REMOVE = "list_remove", "Take off a list"
        UPSERT = "upsert", "Update the profile"
        MERGE = "merge", "Merge two profiles"
        ERASE = "erase", "Erase the profile"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        related_name="profile_changes",
        db_index=False,
        db_constraint=False,
    )
    consent = models.ForeignKey(
        ConsentRecord, on_delete=models.SET_NULL, null=True, related_name="changes", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=12, choices=Kind)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=16, blank=True)
    channels = models.JSONField(default=list)
    source = models.CharField(max_length=80, blank=True)
    details = models.JSONField(default=dict)
    asked_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "id"], name="change_of_merchant"),
            SameMerchant(field="customer", name="change_customer_same_merchant"),
            SameMerchant(field="consent", name="change_consent_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "customer", "-id"], name="change_by_customer"),
            models.Index(fields=["merchant", "-created_at", "-id"], name="change_by_time"),
        ]

    @property
    def about(self) -> str:
        """Which list or profile properties it is about, or where the shopper stood."""
        return str(self.details.get("list_id") or ", ".join(self.details.get("current", ())) or self.source)

    def __str__(self) -> str:
        named = f" ({' and '.join(self.channels)})" if self.channels else ""
        return f"{self.get_kind_display()}{named}"
