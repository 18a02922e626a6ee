"""Reading a merchant's log: its feed, followed from now on, and syncs of what was before."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from integrations.fields import SealedField
from integrations.models import Merchant
from integrations.tenancy import MerchantOwned

FAILURE_LENGTH = 200
MINUTE = timedelta(minutes=1)
PACE = 6_000
SLOWEST, FASTEST = 60, 600_000


class LogFeed(MerchantOwned):
    """Where a merchant's system gives out its log, page by page. Followed from `since` on: what was before is a sync's.

    `secret` is shown to it as a bearer token. `cursor` is where the next page begins, in the feed's own word, "" at first; `mark`
    is an earlier one, by which it is seen that pages lead in a circle.
    `pages` and `entries` count what was read, `refused` the entries that could not be. `failure` says why the last page could not
    be had ("": it could), after `failures` in a row.
    """

    merchant = models.OneToOneField(Merchant, on_delete=models.CASCADE, related_name="+")
    url = models.CharField(max_length=500)
    secret = SealedField()
    since = models.DateTimeField()
    cursor = models.CharField(max_length=300, blank=True)
    mark = models.CharField(max_length=300, blank=True, default="", db_default="")
    pages = models.PositiveIntegerField(default=0)
    entries = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    complaint = models.CharField(max_length=FAILURE_LENGTH, blank=True)
    failure = models.CharField(max_length=FAILURE_LENGTH, blank=True)
    failures = models.PositiveIntegerField(default=0)
    pulled_at = models.DateTimeField(null=True, blank=True)
    next_pull_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["next_pull_at"], name="log_feed_due")]

    def __str__(self) -> str:
        return f"feed at {urlsplit(self.url).hostname}"


class LogSync(MerchantOwned):
    """A merchant's past made into events that start no flow: from the very beginning of its log, or `since` an instant.

    Entries of before `until` are its past. Where there is a feed it is read anew from `cursor` on (`mark` is as a feed's), until
    `is_read`; what waits of the past is parsed, both at most `pace` entries a minute: `read_due_at` and `parse_due_at` are when
    what was done by then keeps to it. `entries` of `pages` were read, `parsed` looked at, and `events` made. `failure` says why
    the last page could not be had. Of each merchant one is open at a time.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        FINISHED = "finished", "Finished"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (State.RUNNING, State.PAUSED)

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField()
    pace = models.PositiveIntegerField(
        "entries a minute",
        default=PACE,
        validators=[MinValueValidator(SLOWEST), MaxValueValidator(FASTEST)],
        help_text="At most so many, so that events of today never wait behind those of the past.",
    )
    cursor = models.CharField(max_length=300, blank=True)
    mark = models.CharField(max_length=300, blank=True, default="", db_default="")
    is_read = models.BooleanField(default=False)
    pages = models.PositiveIntegerField(default=0)
    entries = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    complaint = models.CharField(max_length=FAILURE_LENGTH, blank=True)
    parsed = models.PositiveIntegerField(default=0)
    events = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=FAILURE_LENGTH, blank=True)
    failures = models.PositiveIntegerField(default=0)
    read_due_at = models.DateTimeField()
    parse_due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant"], condition=Q(state__in=["running", "paused"]), name="log_sync_open_once"
            )
        ]
        indexes = [models.Index(fields=["merchant", "-id"], name="log_sync_by_merchant")]

    def __str__(self) -> str:
        return f"sync {self.pk}: {self.get_state_display().lower()}"

    @property
    def is_open(self) -> bool:
        """Whether it goes on, or may."""
        return self.state in self.OPEN

    def allowed(self, due_at: datetime, *, at: datetime) -> int:
        """How many entries may be done at `at`, where those done so far last until `due_at`. One missed minute is made up."""
        return int((at - max(due_at, at - MINUTE)) / MINUTE * self.pace)

    def due_after(self, due_at: datetime, entries: int, *, at: datetime) -> datetime:
        """Until when it lasts with so many entries more."""
        return max(due_at, at - MINUTE) + entries * MINUTE / self.pace
