"""Addresses that are not to be mailed at the destinations, and what was found when that was compared."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models.connection import Connection
from integrations.models.customer import Customer
from integrations.models.merchant import Merchant
from integrations.models.profile import ProfileChange
from integrations.tenancy import MerchantOwned, SameMerchant


class Suppression(MerchantOwned):
    """An e-mail address that nobody is to mail. `integrations.suppressions` writes it, once for each address.

    `change` asked the destinations for it, whose deliveries say how that stands; None where `reason` is FOUND: it was suppressed
    there, and not by us. `lifted_at`: since then it does not hold, because the shopper consented anew; nothing else lifts one.
    Of the comparison with the destination: `seen_at` is when it was last seen suppressed there, `missing_since` since when it is
    not, though it was asked for, and `asked_again_at` when it was asked for once more because of that.
    """

    class Reason(models.TextChoices):
        DEAD = "dead", "the status is Dead"
        NOT_MAILED = "not_mailed", "not subscribed to e-mail, says the merchant's system"
        OPTED_OUT = "opted_out", "unsubscribed from e-mail"
        FOUND = "found", "found suppressed at Klaviyo"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False, db_constraint=False
    )
    email = models.CharField(max_length=254)
    reason = models.CharField(max_length=12, choices=Reason)
    suppressed_at = models.DateTimeField()
    change = models.ForeignKey(
        ProfileChange, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False, db_constraint=False
    )
    lifted_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    missing_since = models.DateTimeField(null=True)
    asked_again_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "email"], name="suppression_once"),
            SameMerchant(field="customer", name="suppression_customer_same_merchant"),
            SameMerchant(field="change", name="suppression_change_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "-suppressed_at", "-id"], name="suppression_by_time"),
            models.Index(fields=["merchant", "customer"], name="suppression_by_customer"),
        ]

    def __str__(self) -> str:
        return f"suppression {self.pk}: {self.get_reason_display()}"

    @property
    def is_in_force(self) -> bool:
        """Whether we hold the address suppressed: we asked for it, and it was not lifted."""
        return self.lifted_at is None and self.reason != self.Reason.FOUND


IN_FORCE = Q(lifted_at=None) & ~Q(reason=Suppression.Reason.FOUND)
"""The suppressions that we hold: what `is_in_force` says, for a query."""


class SuppressionCheck(MerchantOwned):
    """The comparison of our suppressions with a connection's: the last one that was finished, and the one under way.

    `began_at` and `cursor` are of the one under way, which goes on page by page; `began_at` is None between two. `finished_at` is
    when the last one was, `seen`, `missing` and `found` what came of it: addresses suppressed there, ours that were not, and
    those that are suppressed there and not by us. `error` says why it could not go on, "" where it could.
    """

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, related_name="suppression_check", db_constraint=False
    )
    began_at = models.DateTimeField(null=True)
    cursor = models.CharField(max_length=500, blank=True)
    counted = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    seen = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [SameMerchant(field="connection", name="suppression_check_connection_same_merchant")]

    def __str__(self) -> str:
        return f"comparison of suppressions of {self.connection}"
