"""Codes that come with what is sold offline: the batches that a merchant has printed, and which codes were used."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from loyalty import days
from loyalty.models.ledger import LedgerEntry

MOST_CODES = 10_000
"""Codes in one batch."""

MOST_POINTS = 1_000_000
"""Points of one code."""


class OfflineBatch(MerchantOwned):
    """`size` codes that give `points` each, once. They are numbered from 1 and signed, and so are not stored.

    `used` counts the codes that were used, kept by whoever uses one. `ends_at` is the merchant's midnight from which on none
    works any more; None: without end. `withdrawn_at` is since when the merchant does not want those to work that were not used.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ENDED = "ended", "Over"
        WITHDRAWN = "withdrawn", "Withdrawn"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=100)
    points = models.PositiveIntegerField(
        "points of each code", validators=[MinValueValidator(1), MaxValueValidator(MOST_POINTS)]
    )
    size = models.PositiveIntegerField(
        "how many codes", validators=[MinValueValidator(1), MaxValueValidator(MOST_CODES)]
    )
    used = models.PositiveIntegerField(default=0, editable=False)
    ends_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "offline batches"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "id"], name="offline_batch_of_merchant"),
            models.CheckConstraint(condition=Q(used__lte=F("size")), name="offline_batch_used_in_size"),
        ]
        indexes = [models.Index(fields=["merchant", "-created_at", "-id"], name="offline_batch_by_time")]

    def __str__(self) -> str:
        return self.name

    def state(self, at: datetime) -> State:
        """How its codes stand that were not used."""
        if self.withdrawn_at is not None:
            return self.State.WITHDRAWN
        return self.State.OPEN if self.ends_at is None or at < self.ends_at else self.State.ENDED

    @property
    def last_day(self) -> date | None:
        """The last day, in the merchant's time zone, on which a code works; None: without end."""
        if self.ends_at is None:
            return None
        return days.local_date(self.ends_at - timedelta(microseconds=1), self.merchant.timezone)


class UsedCode(MerchantOwned):
    """That a code of a batch was used: its points are those of `entry`, whose member is who used it."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    batch = models.ForeignKey(
        OfflineBatch, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    number = models.PositiveIntegerField()
    entry = models.ForeignKey(
        LedgerEntry, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    used_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "batch", "number"], name="used_code_once"),
            models.UniqueConstraint(fields=["merchant", "entry"], name="used_code_entry_once"),
            SameMerchant(field="batch", name="used_code_batch_same_merchant"),
            SameMerchant(field="entry", name="used_code_entry_same_merchant"),
        ]
        indexes = [models.Index(fields=["merchant", "batch", "-used_at", "-id"], name="used_code_by_batch")]

    def __str__(self) -> str:
        return f"number {self.number} of batch {self.batch_id}"
