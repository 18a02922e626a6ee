"""One-time campaigns: what a merchant gives to many members at once, and what became of it for each of them."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from loyalty.models.member import Member
from loyalty.models.reward import Reward

MOST_CAMPAIGN_POINTS = 1_000_000
"""Points that one member gets from a campaign."""


class Campaign(MerchantOwned):
    """Points, or a reward, for each of its recipients, once. `loyalty.services.campaigns` writes it.

    Of `points` and `reward` it gives one; points may be None where each line of its file says its own. `wanted` is the filter
    (`audiences.Wanted`, as JSON) by which its recipients are chosen when it starts. Those of a file are known as soon as it is
    read; `left_out` says which of its lines lead to nobody: why -> {count, lines}, the first of them by number.

    `recipients` is how many there are, once they are fixed; `given` and `passed_over` are what became of them. While they do not
    add up there is something left to do.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        RUNNING = "running", "Running"
        CANCELLED = "cancelled", "Cancelled"
        DONE = "done", "Done"

    class Audience(models.TextChoices):
        FILTER = "filter", "Members who fit"
        FILE = "file", "A file"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    points = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_CAMPAIGN_POINTS)]
    )
    note = models.CharField(max_length=200, blank=True)
    # The database itself refuses to lose a reward that a campaign gives.
    reward = models.ForeignKey(
        Reward,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    audience = models.CharField(max_length=8, choices=Audience)
    wanted = models.JSONField(default=dict, blank=True)
    left_out = models.JSONField(default=dict, blank=True)
    recipients = models.PositiveIntegerField(default=0)
    given = models.PositiveIntegerField(default=0)
    passed_over = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    started_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "id"], name="campaign_of_merchant"),
            models.CheckConstraint(condition=Q(points=None) | Q(reward=None), name="campaign_gives_one_thing"),
            SameMerchant(field="reward", name="campaign_reward_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="campaign_by_merchant"),
            models.Index(fields=["started_at", "id"], condition=Q(state="running"), name="campaign_running"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """It gives one thing, which there is. Raises `ValidationError` that names the field."""
        if self.points is not None and self.reward is not None:
            raise ValidationError({"reward": "A campaign gives points or a reward: choose one of them."})
        if self.reward is not None and self.reward.retired_at is not None:
            raise ValidationError({"reward": "It is retired: choose another one."})

    @property
    def served(self) -> int:
        """Recipients whose turn has come."""
        return self.given + self.passed_over

    @property
    def left(self) -> int:
        """Recipients whose turn has not come."""
        return self.recipients - self.served


class CampaignRecipient(MerchantOwned):
    """A member whom a campaign is for. `done_at` says that their turn came: they were given it, or `reason` says why not.

    `points` are what a file says for this member, None: what the campaign says.
    """

    class Reason(models.TextChoices):
        NONE = "", "Given"
        ERASED = "erased", "The customer was erased"
        NO_CODE = "no_code", "No code was left"
        RETIRED = "retired", "The reward is retired"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    points = models.PositiveIntegerField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=10, choices=Reason, default=Reason.NONE, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "campaign", "member"], name="campaign_recipient_once"),
            models.CheckConstraint(
                condition=Q(reason="") | Q(done_at__isnull=False), name="campaign_recipient_passed_over"
            ),
            SameMerchant(field="campaign", name="campaign_recipient_campaign_same_merchant"),
            SameMerchant(field="member", name="campaign_recipient_member_same_merchant"),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "campaign", "member"], condition=Q(done_at=None), name="campaign_recipient_waiting"
            ),
            models.Index(
                fields=["merchant", "campaign", "reason", "member"],
                condition=~Q(reason=""),
                name="campaign_recipient_passed",
            ),
            models.Index(fields=["merchant", "member"], name="campaign_recipient_by_member"),
        ]

    def __str__(self) -> str:
        return f"recipient {self.pk}"
