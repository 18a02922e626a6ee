"""What an order earns: recorded once, so that its refunds take back what was granted, whatever rules hold by then."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from loyalty.models.ledger import LedgerEntry
from loyalty.models.member import Member
from loyalty.models.programme import Programme


class Grant(MerchantOwned):
    """The points of one order, by the version of the rules that was in force when it was placed.

    They are pending until `entry` posts them; `activates_at` is when that is due, None while the order is not fulfilled.
    `points` were granted for `net_minor`; of those `reversed_points` were taken back for `refunded_minor`, both in all. Amounts
    are in minor units of the order's currency. The order itself may be gone.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="grants", db_index=False, db_constraint=False
    )
    programme = models.ForeignKey(
        Programme, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    entry = models.ForeignKey(
        LedgerEntry,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="grants",
        db_index=False,
        db_constraint=False,
    )
    order_external_id = models.CharField(max_length=64)
    order_number = models.CharField(max_length=60)
    net_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)
    points = models.BigIntegerField()
    reversed_points = models.BigIntegerField(default=0)
    activates_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "order_external_id"], name="grant_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="grant_of_merchant"),
            models.CheckConstraint(
                condition=Q(points__gt=0, reversed_points__gte=0, reversed_points__lte=F("points")),
                name="grant_reversed_in_points",
            ),
            SameMerchant(field="member", name="grant_member_same_merchant"),
            SameMerchant(field="programme", name="grant_programme_same_merchant"),
            SameMerchant(field="entry", name="grant_entry_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "member", "-id"], name="grant_by_member"),
            models.Index(
                fields=["merchant", "activates_at"],
                condition=Q(entry=None, activates_at__isnull=False),
                name="grant_activates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.points} for {self.order_number}"

    @property
    def left(self) -> int:
        """What was not taken back."""
        return self.points - self.reversed_points
