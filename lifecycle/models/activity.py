"""The customers' activity log, as the merchant's own system keeps it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned, SameMerchant

ENTRY_ID_LENGTH = 120
KIND_LENGTH = 127
"""As long as a metric's name may be: a merchant's own kinds are called like its metrics."""

NOTE_LENGTH = 200


class Activity(MerchantOwned):
    """One entry of the log. `lifecycle.services.activities` records it, `lifecycle.services.parsing` makes its event.

    `entry_id` is the log's own id of it. `kind` is the log's word, and `data` holds the properties of its event. `occurred_at` is
    the entry's time (whole seconds). `parsed_at` is None until it was looked at whether there is something to tell; `note` then
    says why there was nothing, "" where an event was made. `is_history`: it is of the past that a sync goes through.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    entry_id = models.CharField(max_length=ENTRY_ID_LENGTH)
    kind = models.CharField(max_length=KIND_LENGTH)
    occurred_at = models.DateTimeField()
    data = models.JSONField(default=dict)
    is_history = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()
    parsed_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)

    class Meta:
        verbose_name_plural = "activities"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "entry_id"], name="activity_once"),
            SameMerchant(field="customer", name="activity_customer_same_merchant"),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "is_history", "id"], condition=Q(parsed_at=None), name="activity_unparsed"
            ),
            models.Index(fields=["merchant", "-occurred_at", "-id"], name="activity_by_time"),
            models.Index(
                fields=["merchant", "-occurred_at", "-id"],
                condition=Q(parsed_at__isnull=False) & ~Q(note=""),
                name="activity_untold",
            ),
            models.Index(fields=["merchant", "kind", "-occurred_at", "-id"], name="activity_by_kind"),
            models.Index(fields=["merchant", "customer", "-occurred_at", "-id"], name="activity_by_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.entry_id}"

    @property
    def state(self) -> str:
        """Where it stands: "waiting", "told" or "untold"."""
        if self.parsed_at is None:
            return WAITING
        return UNTOLD if self.note else TOLD


WAITING, TOLD, UNTOLD = "waiting", "told", "untold"
STATES = {WAITING: "Waits to be parsed", TOLD: "Event made", UNTOLD: "Nothing to tell"}
"""State -> what it is in words."""

IN_STATE = {
    WAITING: Q(parsed_at=None),
    TOLD: Q(parsed_at__isnull=False, note=""),
    UNTOLD: Q(parsed_at__isnull=False) & ~Q(note=""),
}
"""State -> which rows are in it."""
