"""The ledger: entries that are never changed, the lots that their points lie in, and what was taken from which lot."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.db.models import F, Q

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from loyalty.models.member import Member
from loyalty.models.programme import Programme

CAUSE_LENGTH = 120


class PointSource(models.TextChoices):
    """Where points come from, or what took them: OMNI's words, and `expiry`."""

    PURCHASE = "purchase", "Purchase"
    MANUAL = "manual", "By hand"
    BIRTHDAY_BONUS = "birthday_bonus", "Birthday bonus"
    WELCOME_BONUS = "welcome_bonus", "Welcome bonus"
    TIER_BONUS = "tier_bonus", "Tier bonus"
    REWARD_REDEMPTION_REVERTED = "reward_redemption_reverted", "Redemption reverted"
    ONE_TIME_CAMPAIGN = "one_time_campaign", "One-time campaign"
    SHOPIFY_FLOW_ACTION = "shopify_flow_action", "Shopify Flow"
    OFFLINE_PURCHASE = "offline_purchase", "Offline purchase"
    ORDER_REFUND = "order_refund", "Refund of an order"
    REWARD_REDEMPTION = "reward_redemption", "Redemption"
    EXPIRY = "expiry", "Expiry"


class AppendOnly(MerchantOwned):
    """Base of what is written once, by `loyalty.services.posting`."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Only new rows are written. Raises `TypeError` for one that is there."""
        if not self._state.adding:
            raise TypeError("the ledger is never changed: post another entry")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        """Never. Raises `TypeError`."""
        raise TypeError("the ledger is never changed: post another entry")


class LedgerEntry(AppendOnly):
    """Points added (above 0) or subtracted (below 0). `cause` names what led to it: nothing leads to two entries.

    `balance_after` is the member's balance with it. `effective_at` is when it happened, `recorded_at` when it was posted.
    `actor` is the person or client who did it, "" where a rule did. The order is that of a purchase or of a refund.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="entries", db_index=False, db_constraint=False
    )
    points = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    source = models.CharField(max_length=28, choices=PointSource)
    cause = models.CharField(max_length=CAUSE_LENGTH)
    note = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=254, blank=True)
    order_external_id = models.CharField(max_length=64, blank=True)
    order_number = models.CharField(max_length=60, blank=True)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "cause"], name="ledger_cause_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="ledger_entry_of_merchant"),
            models.CheckConstraint(condition=~Q(points=0), name="ledger_entry_moves_points"),
            SameMerchant(field="member", name="ledger_entry_member_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "member", "-id"], name="ledger_entry_by_member"),
            models.Index(fields=["merchant", "effective_at"], name="ledger_entry_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.points:+} {self.source}"


class Lot(MerchantOwned):
    """Points that came together and run out together. `remaining` is what was not taken from it yet.

    It came with `entry`, whose lots add up to its points. `programme` is the version of the rules by which it runs out: a later
    one does not touch it. `expires_at` is the merchant's midnight from which on nothing of it can be spent; None: never.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="lots", db_index=False, db_constraint=False
    )
    entry = models.ForeignKey(
        LedgerEntry, on_delete=models.CASCADE, related_name="lots", db_index=False, db_constraint=False
    )
    # The database itself refuses to lose a version that a lot keeps.
    programme = models.ForeignKey(
        Programme, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    points = models.BigIntegerField()
    remaining = models.BigIntegerField()
    effective_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "id"], name="lot_of_merchant"),
            models.CheckConstraint(
                condition=Q(points__gt=0, remaining__gte=0, remaining__lte=F("points")), name="lot_remaining_in_points"
            ),
            SameMerchant(field="member", name="lot_member_same_merchant"),
            SameMerchant(field="entry", name="lot_entry_same_merchant"),
            SameMerchant(field="programme", name="lot_programme_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "entry"], name="lot_by_entry"),
            models.Index(fields=["merchant", "member"], condition=Q(remaining__gt=0), name="lot_to_spend"),
            models.Index(
                fields=["merchant", "expires_at", "member"],
                condition=Q(remaining__gt=0, expires_at__isnull=False),
                name="lot_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.points}"


class Allocation(AppendOnly):
    """What an entry took from a lot (above 0) or gave back to it (below 0).

    What a subtracting entry took from no lot is owed: allocations that come later pay it.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    entry = models.ForeignKey(
        LedgerEntry, on_delete=models.CASCADE, related_name="allocations", db_index=False, db_constraint=False
    )
    lot = models.ForeignKey(
        Lot, on_delete=models.CASCADE, related_name="allocations", db_index=False, db_constraint=False
    )
    points = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(points=0), name="allocation_moves_points"),
            SameMerchant(field="entry", name="allocation_entry_same_merchant"),
            SameMerchant(field="lot", name="allocation_lot_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "entry"], name="allocation_by_entry"),
            models.Index(fields=["merchant", "lot"], name="allocation_by_lot"),
        ]

    def __str__(self) -> str:
        return f"{self.points} of lot {self.lot_id}"
