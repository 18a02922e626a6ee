"""What a subscriber has with the merchant: a box, a schedule, and a status."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned, SameMerchant

WORD_LENGTH = 120
ACTIVE = "Active"
"""The status of whoever completed the sign-up."""

STOPPED = "Stopped"
"""The status of whoever cancelled their account."""

DEAD = "dead"
"""The status, in whatever letters, of whom nobody mails any more."""


class Plan(MerchantOwned):
    """A customer's subscription as the merchant's own system tells it. `lifecycle.services.plans` writes it.

    `schedule` ("Weekly"), `box` and `status` ("Active", "Stopped", "Dead") are the merchant's words, "" where it tells none.
    `is_mailed` is whether its system has them subscribed to e-mail; None: it does not say. `signed_up_at` is when the sign-up
    was completed. `told_at` is when the newest of this was true, by the source's clock: what is older changes nothing.
    `started_at` is when the last sign-up was begun, whoever told of it; a plan may say nothing but that.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    schedule = models.CharField(max_length=WORD_LENGTH, blank=True)
    box = models.CharField(max_length=WORD_LENGTH, blank=True)
    status = models.CharField(max_length=WORD_LENGTH, blank=True)
    is_mailed = models.BooleanField("subscribed to e-mail", null=True, blank=True)
    has_filled_out_profile = models.BooleanField(null=True, blank=True)
    signed_up_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "customer"], name="plan_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="plan_of_merchant"),
            SameMerchant(field="customer", name="plan_customer_same_merchant"),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "-started_at", "-id"],
                condition=Q(started_at__isnull=False, box="", schedule=""),
                name="plan_missed",
            )
        ]

    def __str__(self) -> str:
        return " · ".join(each for each in (self.status, self.schedule, self.box) if each) or "no plan"

    @property
    def says_anything(self) -> bool:
        """Whether a source told anything of the subscription itself, besides that a sign-up was begun."""
        told = (self.schedule, self.box, self.status, self.signed_up_at)
        return any(told) or self.is_mailed is not None or self.has_filled_out_profile is not None

    @property
    def is_dead(self) -> bool:
        """Whether the merchant has given them up: nobody mails them any more."""
        return self.status.casefold() == DEAD
