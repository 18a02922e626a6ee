"""The way of an event, or of a change of a profile, to one connection, and the requests made on it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models.connection import Connection
from integrations.models.event import Event
from integrations.models.merchant import Merchant
from integrations.models.profile import ProfileChange
from integrations.tenancy import MerchantOwned, SameMerchant


class DeliveryAttempt(MerchantOwned):
    """One request to a destination: what it carried, how long it took, and what came back.

    `status` is the HTTP status, 0 where no answer came. `delivery` is set where the request carried a single event or change; a
    bulk request's deliveries point here by `Delivery.bulk_attempt`. `events` counts what it carried.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="attempts", db_index=False, db_constraint=False
    )
    delivery = models.ForeignKey(
        "Delivery", on_delete=models.CASCADE, null=True, blank=True, related_name="attempt_log", db_constraint=False
    )
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField()
    is_bulk = models.BooleanField(default=False)
    events = models.PositiveSmallIntegerField(default=1)
    outcome = models.CharField(max_length=12)
    error = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    partial_failure = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "id"], name="attempt_of_merchant"),
            SameMerchant(field="connection", name="attempt_connection_same_merchant"),
            SameMerchant(field="delivery", name="attempt_delivery_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["connection", "-started_at", "-id"], name="attempt_by_connection"),
            models.Index(fields=["merchant", "-started_at", "-id"], name="attempt_by_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S} {self.status or 'no answer'} {self.outcome}"


class Delivery(MerchantOwned):
    """The way of an event, or of a change of a shopper's profile, to one connection.

    It has either an `event` or a `change`.
    `claim` is the epoch of the lease under which it was claimed: only that holder may settle it. `attempts` counts requests
    that may have arrived. `is_ambiguous`: a request with it may have arrived without an answer, so it never travels in bulk
    again. `subject` is its event's, kept here so that the order of one subject's events costs no look at the history; "" (rows
    of a time before the column) has no order to keep.
    `window_at` is the instant that the launch window judges, unless it `is_history`: of a past that the merchant asked to have
    recorded, which goes as backfill. `identifier` is the e-mail address or phone by which
    the destination knows the shopper; once an attempt was made it never changes, because the destination's de-duplication
    includes it. Of a change it is by what the shopper's events go, which wait for it.
    """

    class State(models.TextChoices):
        HELD = "held", "Held"
        PENDING = "pending", "Waiting"
        SENDING = "sending", "Sending"
        SENT = "sent", "Accepted"
        DEAD = "dead", "Failed"
        EXPIRED = "expired", "Expired: outcome unknown"
        SKIPPED = "skipped", "Not sent"

    class Reason(models.TextChoices):
        NONE = "", "-"
        BEFORE_LAUNCH = "before_launch", "waits for the launch date"
        NO_IDENTITY = "no_identity", "the shopper has no e-mail address and no phone number"
        BEFORE_WINDOW = "before_window", "older than the launch window"
        METRIC_OFF = "metric_off", "the metric was turned off"
        NO_LONGER_TRUE = "no_longer_true", "it was no longer true when it was to be sent"
        REJECTED = "rejected", "the destination refused it"
        EXHAUSTED = "exhausted", "every attempt failed"
        UNCERTAIN = "uncertain", "may have arrived; it is not sent again unasked"
        CUSTOMER_ERASED = "erased", "the shopper's data was erased"
        OPTED_OUT = "opted_out", "the shopper opted out later than they consented"
        SCOPE_MISSING = "scope_missing", "the key lacks a scope for it"
        TOLD_ELSEWHERE = "told_elsewhere", "the same was told by another metric"
        FOLLOWS = "follows", "waits until the event that it follows is accepted"
        NOT_FOLLOWED = "not_followed", "the event that it follows is not sent"
        TOO_OLD = "too_old", "too old to start anything, and there it can do nothing else"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    event = models.ForeignKey(
        Event,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    change = models.ForeignKey(
        ProfileChange,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="deliveries", db_index=False, db_constraint=False
    )
    subject = models.CharField(max_length=80, db_default="")
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    reason = models.CharField(max_length=16, choices=Reason, blank=True, default=Reason.NONE)
    is_backfill = models.BooleanField(default=False)
    is_history = models.BooleanField(default=False, db_default=False)
    is_ambiguous = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.BigIntegerField(default=0)
    not_before = models.DateTimeField()
    window_at = models.DateTimeField()
    created_at = models.DateTimeField()
    first_attempt_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    identifier = models.CharField(max_length=254, blank=True)
    error = models.CharField(max_length=500, blank=True)
    bulk_attempt = models.ForeignKey(
        DeliveryAttempt,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="bulk_deliveries",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "connection"], name="delivery_once"),
            models.UniqueConstraint(
                fields=["change", "connection"], condition=Q(change__isnull=False), name="delivery_change_once"
            ),
            models.CheckConstraint(
                condition=Q(event__isnull=False, change=None) | Q(event=None, change__isnull=False),
                name="delivery_of_event_or_change",
            ),
            models.UniqueConstraint(fields=["merchant", "id"], name="delivery_of_merchant"),
            SameMerchant(field="event", name="delivery_event_same_merchant"),
            SameMerchant(field="change", name="delivery_change_same_merchant"),
            SameMerchant(field="connection", name="delivery_connection_same_merchant"),
            SameMerchant(field="bulk_attempt", name="delivery_bulk_attempt_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["connection", "not_before", "id"], condition=Q(state="pending"), name="delivery_due"),
            models.Index(fields=["connection", "claim"], condition=Q(state="sending"), name="delivery_in_flight"),
            models.Index(
                fields=["connection", "subject", "id"],
                condition=Q(state="pending", attempts__gt=0),
                name="delivery_tried_again",
            ),
            models.Index(fields=["connection", "reason", "id"], condition=Q(state="held"), name="delivery_held"),
            models.Index(
                fields=["merchant", "settled_at"], condition=Q(state__in=["dead", "expired"]), name="delivery_failed"
            ),
            models.Index(fields=["merchant", "event"], condition=Q(state="skipped"), name="delivery_skipped"),
            models.Index(fields=["connection", "-settled_at"], condition=Q(state="sent"), name="delivery_sent"),
            models.Index(
                fields=["connection", "not_before", "id"],
                condition=Q(state="pending", change__isnull=False),
                name="delivery_change_due",
            ),
            models.Index(
                fields=["connection", "identifier", "id"],
                condition=Q(state__in=["pending", "sending"], change__isnull=False),
                name="delivery_change_open",
            ),
            models.Index(fields=["bulk_attempt"], condition=Q(bulk_attempt__isnull=False), name="delivery_by_attempt"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}: {self.get_state_display()}"

    @property
    def told(self) -> Event:
        """The event of a delivery that is known to carry one. Raises `ValueError` where it carries a change."""
        if self.event is None:
            raise ValueError(f"{self} carries no event")
        return self.event
