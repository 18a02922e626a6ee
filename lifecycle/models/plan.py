"""What a subscriber has with the merchant: a box, a schedule, and a status."""

from __future__ import annotations

from django.db import models

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned, SameMerchant

WORD_LENGTH = 120
DEAD = "dead"
"""The status, in whatever letters, of whom nobody mails any more."""


class Plan(MerchantOwned):
    """A customer's subscription as the merchant's own system tells it. `lifecycle.services.plans` writes it.

    `schedule` ("Weekly"), `box` and `status` ("Active", "Stopped", "Dead") are the merchant's words, "" where it tells none.
    `is_mailed` is whether its system has them subscribed to e-mail; None: it does not say. `signed_up_at` is when the sign-up
    was completed. `told_at` is when the newest of this was true, by the source's clock: what is older changes nothing.
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
    told_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "customer"], name="plan_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="plan_of_merchant"),
            SameMerchant(field="customer", name="plan_customer_same_merchant"),
        ]

    def __str__(self) -> str:
        return " · ".join(each for each in (self.status, self.schedule, self.box) if each) or "no plan"

    @property
    def is_dead(self) -> bool:
        """Whether the merchant has given them up: nobody mails them any more."""
        return self.status.casefold() == DEAD
