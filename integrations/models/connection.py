"""A merchant's account at a destination, and the lane on which its events travel."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from integrations.fields import SealedField
from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant

MAX_BACKFILL_DAYS = 14
"""Whiplash: order data from up to 14 days before the launch date can be synced."""

LAUNCH_YEARS = range(2000, 2100)
"""Years in which a launch may lie: at the ends of the calendar an instant is in another year elsewhere, or in none."""


class Connection(MerchantOwned):
    """A merchant's account at a destination: what is sent there, from when on, and whether it may be sent now.

    `address` is where at the destination the account lives, where the secret alone does not say: a shop's domain.
    `foreign_metrics` are names of metrics that another integration sends to the account, as its last check found them: name ->
    integration. `freshness_hours`: an event older than this when it is sent is recorded as backfill and starts no flow.
    `list_id` is the list that Tidings keeps in every account, `marketing_list_id` the one that sign-ups join; "": none, so that
    the account's own opt-in process holds. `erases_profiles`: who is erased here is to be deleted there, too.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED_KEY = "paused_auth", "Paused: the key is refused"
        PAUSED_SCOPE = "paused_scope", "Paused: the key lacks a scope"
        PAUSED_OPERATOR = "paused_operator", "Paused by a person"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="connections")
    kind = models.CharField(max_length=20, default="klaviyo")
    secret = SealedField("private key")
    address = models.CharField(max_length=253, db_default="", blank=True)
    secret_last4 = models.CharField(max_length=4, blank=True, editable=False)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    state_detail = models.CharField(max_length=300, blank=True)
    state_since = models.DateTimeField(default=timezone.now)
    account_id = models.CharField(max_length=40, blank=True)
    account_name = models.CharField(max_length=160, blank=True)
    public_key = models.CharField(max_length=40, blank=True)
    account_timezone = models.CharField(max_length=64, blank=True)
    account_currency = models.CharField(max_length=3, blank=True)
    missing_scopes = models.JSONField(default=list, blank=True)
    foreign_metrics = models.JSONField(default=dict, db_default={}, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    list_id = models.CharField(max_length=40, blank=True)
    marketing_list_id = models.CharField(max_length=40, db_default="", blank=True)
    erases_profiles = models.BooleanField("erase at Klaviyo, too", default=True, db_default=True)
    default_profile_id = models.CharField(max_length=40, blank=True)
    enabled_metrics = models.JSONField(default=list, blank=True)
    launch_at = models.DateTimeField(default=timezone.now)
    launched_at = models.DateTimeField(null=True, blank=True)
    backfill_days = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(MAX_BACKFILL_DAYS)])
    freshness_hours = models.PositiveSmallIntegerField(
        default=72, validators=[MinValueValidator(1), MaxValueValidator(720)]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "kind"], name="connection_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="connection_of_merchant"),
            models.CheckConstraint(
                condition=models.Q(backfill_days__lte=MAX_BACKFILL_DAYS), name="connection_backfill_at_most_14_days"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.merchant}"

    @property
    def window_start(self) -> datetime:
        """The oldest instant of which anything is sent: the launch less the backfill days."""
        return self.launch_at - timedelta(days=self.backfill_days)

    @property
    def freshness(self) -> timedelta:
        """How old an event may be and still start a flow."""
        return timedelta(hours=self.freshness_hours)


class Lane(MerchantOwned):
    """How a connection's requests fare: throttling, circuit and rate limits. One worker at a time holds its lease.

    `failures` counts transient failures in a row; `opened` how often the circuit opened since the last success. While
    `blocked_until` is in the future nothing is sent. `limits` is what the last answers said of the rate limits.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="lane", db_constraint=False)
    blocked_until = models.DateTimeField(null=True, blank=True)
    blocked_reason = models.CharField(max_length=200, blank=True)
    failures = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    limits = models.JSONField(default=dict, blank=True)
    served_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [SameMerchant(field="connection", name="lane_connection_same_merchant")]

    def __str__(self) -> str:
        return f"lane of {self.connection}"
