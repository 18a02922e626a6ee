"""The lists at the destination that subscribers are on by their status."""

from __future__ import annotations

from django.db import models

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned
from lifecycle.models.plan import WORD_LENGTH


class StatusList(MerchantOwned):
    """Whoever has that status is on that list. `lifecycle.services.lists` keeps them in step.

    `status` is the merchant's word, in whatever letters; `list_id` is Klaviyo's id of the list. Those who had the status before
    are put on it by and by: `filled_to` is the key of the last plan that was looked at, `is_filled` whether all were.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    status = models.CharField(max_length=WORD_LENGTH)
    list_id = models.CharField(max_length=40)
    filled_to = models.BigIntegerField(default=0)
    is_filled = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "status"], name="status_list_once")]

    def __str__(self) -> str:
        return f"{self.status}: {self.list_id}"
