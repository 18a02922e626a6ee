"""How a merchant's subscription events are handled."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned

MOST_HOURS = 30 * 24


class LifecycleRules(MerchantOwned):
    """A merchant's settings for subscribers, one row for each merchant that has any; without one the defaults hold.

    `suppresses`: whoever is dead or not subscribed to e-mail is suppressed at Klaviyo before any event of theirs is sent.
    `missed_signup_hours` is how long after a sign-up was begun it counts as missed.
    """

    merchant = models.OneToOneField(Merchant, on_delete=models.CASCADE, related_name="+")
    suppresses = models.BooleanField("suppress who is dead or not subscribed", default=True)
    missed_signup_hours = models.PositiveSmallIntegerField(
        "hours until a sign-up counts as missed",
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_HOURS)],
    )

    def __str__(self) -> str:
        return f"rules of {self.merchant}"
