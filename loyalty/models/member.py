"""A shopper as a member of a merchant's loyalty programme."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned, SameMerchant


class Member(MerchantOwned):
    """A customer who collects points. `loyalty.services` writes it; whoever changes points holds its row locked.

    `balance` is the sum of the member's ledger entries, kept here by whoever posts one and never typed in: below 0 the member
    owes points. `balance_at` is when it last changed. `source` is what told of the customer first. `registered_at` is when
    they made an account, None without one. `birth_month` is 1 to 12, as it was said at `birth_month_at`; `birthday_year` is
    the last year in which it was told that it came, 0: never.
    `tier`, `tier_since` and `tier_expires_at` are what the last of the member's tier transitions led to, kept by whoever writes
    one: the tier held, when that was, and when it ends or is looked at again (None: never). A member who was never placed has
    no `tier_since`.
    """

    class Status(models.TextChoices):
        ACTIVATED = "activated", "Activated"
        REGISTERED = "registered", "Registered"

    class Source(models.TextChoices):
        ORDER = "order", "An order"
        SHOP = "shop", "The shop's customers"
        OFFLINE = "offline", "A code from an offline purchase"

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
    registered_at = models.DateTimeField(null=True, blank=True)
    birth_month = models.PositiveSmallIntegerField(null=True, blank=True)
    birth_month_at = models.DateTimeField(null=True, blank=True)
    birthday_year = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    joined_at = models.DateTimeField()
    # The database itself refuses to lose a tier that members hold.
    tier = models.ForeignKey(
        "Tier",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    tier_since = models.DateTimeField(null=True, blank=True, editable=False)
    tier_expires_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "customer"], name="member_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="member_of_merchant"),
            models.CheckConstraint(
                condition=Q(birth_month=None) | Q(birth_month__range=(1, 12)), name="member_birth_month"
            ),
            models.CheckConstraint(
                condition=Q(tier__isnull=False) | Q(tier_expires_at=None), name="member_tier_expires_a_tier"
            ),
            SameMerchant(field="customer", name="member_customer_same_merchant"),
            SameMerchant(field="tier", name="member_tier_same_merchant"),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "tier_expires_at"],
                condition=Q(tier_expires_at__isnull=False),
                name="member_tier_ends",
            ),
            models.Index(
                fields=["merchant", "birth_month", "birthday_year", "id"],
                condition=Q(birth_month__isnull=False),
                name="member_birthday",
            ),
            models.Index(fields=["merchant", "-joined_at", "-id"], name="member_by_time"),
            models.Index(
                fields=["merchant", "tier", "-joined_at", "-id"],
                condition=Q(tier__isnull=False),
                name="member_by_tier",
            ),
        ]

    def __str__(self) -> str:
        return f"member {self.pk}"

    @property
    def owes(self) -> int:
        """Points that were taken back after they had been spent: what comes next pays them."""
        return max(-self.balance, 0)
