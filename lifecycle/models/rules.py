"""How a merchant's subscription events are handled."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned

MOST_HOURS = 30 * 24


class ToldBy(models.TextChoices):
    """Which of two copies of one happening is told, the page's or the log's."""

    ONSITE = "onsite", "The page's; the log's only where none came from the page"
    SCRIPT = "script", "The page's, which Klaviyo's own script tells; ours never"
    LOG = "log", "The log's; the page's never"
    BOTH = "both", "Both"


class LifecycleRules(MerchantOwned):
    """A merchant's settings for subscribers, one row for each merchant that has any; without one the defaults hold.

    `suppresses`: whoever is dead or not subscribed to e-mail is suppressed at Klaviyo before any event of theirs is sent.
    `missed_signup_hours` is how long after a sign-up was begun it counts as missed. `checkout_told_by` and
    `cancelling_told_by` say which copy is told of a checkout that was started, and of an account that was cancelled.
    `signed_identities_only`: once there is a secret of the source `onsite`, calls of pages name nobody without a signature.
    """

    merchant = models.OneToOneField(Merchant, on_delete=models.CASCADE, related_name="+")
    suppresses = models.BooleanField("suppress who is dead or not subscribed", default=True)
    missed_signup_hours = models.PositiveSmallIntegerField(
        "hours until a sign-up counts as missed",
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_HOURS)],
    )
    checkout_told_by = models.CharField(
        "Started Checkout and started.signup", max_length=6, choices=ToldBy, default=ToldBy.ONSITE, db_default="onsite"
    )
    cancelling_told_by = models.CharField(
        "Cancelled Account and cancelled", max_length=6, choices=ToldBy, default=ToldBy.ONSITE, db_default="onsite"
    )
    signed_identities_only = models.BooleanField("signed identities only", default=True, db_default=True)

    class Meta:
        verbose_name = verbose_name_plural = "rules of subscribers"

    def __str__(self) -> str:
        return f"rules of {self.merchant}"
