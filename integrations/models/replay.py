"""Sending a stretch of history once more."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned


class Replay(MerchantOwned):
    """Events that somebody chose by a filter are sent once more, in the order of their keys, batch by batch.

    `wanted` is the filter (`integrations.search.Wanted`) as JSON. Events with keys up to `top` are meant: what is recorded
    later is not. `last` is the key of the last that was looked at, `done` how many were, of `total`; `resent` is how many
    deliveries were lined up.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        CANCELLED = "cancelled", "Cancelled"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    wanted = models.JSONField(default=dict)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    resent = models.PositiveIntegerField(default=0)
    top = models.BigIntegerField()
    last = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["merchant", "-id"], name="replay_by_merchant"),
            models.Index(fields=["id"], condition=Q(state="running"), name="replay_running"),
        ]

    def __str__(self) -> str:
        return f"replay {self.pk}: {self.done} of {self.total}"
