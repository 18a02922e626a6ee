"""A shopper as a member of a merchant's loyalty programme."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned, SameMerchant


class Member(MerchantOwned):
    """A customer who collects points. `loyalty.services` writes it; whoever changes points holds its row locked.

    `balance` is the sum of the member's ledger entries, kept here by whoever posts one and never typed in: below 0 the member
    owes points. `balance_at` is when it last changed. `source` is what told of the customer first. `birth_month` is 1 to 12.
    """

    class Status(models.TextChoices):
        ACTIVATED = "activated", "Activated"
        REGISTERED = "registered", "Registered"

    class Source(models.TextChoices):
        ORDER = "order", "An order"
        SHOP = "shop", "The shop's customers"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    # A ledger is not lost with whom it is about: erasing a customer empties the row and keeps it.
    customer = models.ForeignKey(
        Customer, on_delete=models.RESTRICT, related_name="+", db_index=False, db_constraint=False
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVATED)
    status_at = models.DateTimeField()
    source = models.CharField(max_length=12, choices=Source)
    balance = models.BigIntegerField(default=0, editable=False)
    balance_at = models.DateTimeField(null=True, blank=True, editable=False)
    birth_month = models.PositiveSmallIntegerField(null=True, blank=True)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "customer"], name="member_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="member_of_merchant"),
            models.CheckConstraint(
                condition=Q(birth_month=None) | Q(birth_month__range=(1, 12)), name="member_birth_month"
            ),
            SameMerchant(field="customer", name="member_customer_same_merchant"),
        ]
        indexes = [models.Index(fields=["merchant", "-joined_at", "-id"], name="member_by_time")]

    def __str__(self) -> str:
        return f"member {self.pk}"

    @property
    def owes(self) -> int:
        """Points that were taken back after they had been spent: what comes next pays them."""
        return max(-self.balance, 0)
