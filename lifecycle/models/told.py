"""What the destinations were told of the rules by which subscribers are told apart."""

from __future__ import annotations

from django.db import models

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned, SameMerchant


class ToldRuleset(MerchantOwned):
    """That the destinations were told that a ruleset is true of a customer. `lifecycle.services.told` writes it.

    `ruleset` is its key. The row goes when it is told that the ruleset is true of them no more.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    ruleset = models.CharField(max_length=40)
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "customer", "ruleset"], name="told_ruleset_once"),
            SameMerchant(field="customer", name="told_ruleset_customer_same_merchant"),
        ]

    def __str__(self) -> str:
        return self.ruleset
