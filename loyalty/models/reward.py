"""What members get for their points or as a present: the rewards that a merchant offers, their codes, and who got which."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from loyalty.models.ledger import CAUSE_LENGTH, LedgerEntry
from loyalty.models.member import Member

CODE_LENGTH = 100
MOST_POINTS_COST = 1_000_000_000
MOST_VALID_DAYS = 3_650
MOST_DISCOUNT = Decimal(1_000_000)
WHOLE = Decimal(100)

PATTERN = RegexValidator(
    r"^(?=(?:[^#]*#){8})[A-Z0-9#-]+\Z",
    "Capital letters, digits, hyphens, and at least eight times #, which stands for a character of chance: TEA-########.",
)
"""Eight of 32 characters: nobody finds a code by trying."""


class Reward(MerchantOwned):
    """A reward that a merchant offers. It is never deleted: `retired_at` is when it was given for the last time.

    `points_cost` is what a member pays for it; None: it is not to be had for points. It can be used for `valid_days` whole days
    after the day on which it was issued; None: without end. `discount` is an amount in the merchant's currency, or percent.
    `once` tells the form that made it from others: sent twice, it makes one.
    """

    class Kind(models.TextChoices):
        FREE_PRODUCT = "Free_product", "Free product"
        DISCOUNT_CODE = "Discount_code", "Discount code"
        PAY_WITH_POINTS = "Pay_with_points", "Pay with points"
        CUSTOM = "Custom", "Custom"

    class Codes(models.TextChoices):
        NONE = "none", "It has no codes"
        POOL = "pool", "From a list that was given"
        PATTERN = "pattern", "Made by a pattern"

    class Unit(models.TextChoices):
        AMOUNT = "amount", "An amount"
        PERCENT = "percent", "Percent"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)
    name = models.CharField(max_length=100)
    points_cost = models.PositiveIntegerField(
        "points that it costs",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_POINTS_COST)],
    )
    valid_days = models.PositiveSmallIntegerField(
        "days that it can be used",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_VALID_DAYS)],
    )
    codes = models.CharField("where its codes come from", max_length=8, choices=Codes, default=Codes.NONE)
    code_pattern = models.CharField("pattern of codes", max_length=CODE_LENGTH, blank=True, validators=[PATTERN])
    product_id = models.CharField("the shop's id of the product", max_length=64, blank=True)
    discount = models.DecimalField(
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(MOST_DISCOUNT)],
    )
    discount_unit = models.CharField(max_length=8, choices=Unit, default=Unit.AMOUNT)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    once = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "id"], name="reward_of_merchant"),
            models.UniqueConstraint(
                fields=["merchant", "once"], condition=Q(once__isnull=False), name="reward_made_once"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "-created_at", "-id"], name="reward_by_time")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """What each kind cannot do without. Raises `ValidationError` that names the fields."""
        wrong: dict[str, Any] = {}
        if self.kind == self.Kind.FREE_PRODUCT and not self.product_id:
            wrong["product_id"] = "Say which product is free, by its id in the shop."
        if self.kind in (self.Kind.DISCOUNT_CODE, self.Kind.PAY_WITH_POINTS) and self.discount is None:
            wrong["discount"] = "Say what it takes off."
        if self.discount_unit == self.Unit.PERCENT and self.discount is not None and self.discount > WHOLE:
            wrong["discount"] = "At most 100 percent."
        if self.kind == self.Kind.PAY_WITH_POINTS and self.points_cost is None:
            wrong["points_cost"] = "Say how many points it costs."
        if self.kind == self.Kind.DISCOUNT_CODE and self.codes == self.Codes.NONE:
            wrong["codes"] = "Say where its codes come from."
        if (self.codes == self.Codes.PATTERN) != bool(self.code_pattern):
            wrong["code_pattern"] = "A pattern goes with codes that are made by one, and with no others."
        if wrong:
            raise ValidationError(wrong)


class RewardCode(MerchantOwned):
    """A code of a reward: given in a list, or made by its pattern. `taken_at` is when it went to a member, never to another."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    reward = models.ForeignKey(Reward, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    code = models.CharField(max_length=CODE_LENGTH)
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "code"], name="reward_code_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="reward_code_of_merchant"),
            SameMerchant(field="reward", name="reward_code_reward_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "reward", "id"], condition=Q(taken_at=None), name="reward_code_to_take")
        ]

    def __str__(self) -> str:
        return self.code


class IssuedReward(MerchantOwned):
    """A reward that a member got, once for each `cause`. It ends in one way at most: used, deactivated or expired.

    `redemption` is the entry that took the `points_spent` for it. `expires_at` is the merchant's midnight from which on it
    cannot be used; None: never. `expired_at` says that this came.
    """

    class Source(models.TextChoices):
        POINTS_REDEMPTION = "points_redemption", "Points redeemed"
        SHOPIFY_FLOW_ACTION = "shopify_flow_action", "Shopify Flow"
        ONE_TIME_CAMPAIGN = "one_time_campaign", "One-time campaign"
        WELCOME = "welcome", "Welcome"
        BIRTHDAY = "birthday", "Birthday"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="rewards", db_index=False, db_constraint=False
    )
    # The database itself refuses to lose a reward that somebody got.
    reward = models.ForeignKey(
        Reward, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    source = models.CharField(max_length=20, choices=Source)
    cause = models.CharField(max_length=CAUSE_LENGTH)
    points_spent = models.PositiveIntegerField(default=0)
    redemption = models.ForeignKey(
        LedgerEntry,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    code = models.ForeignKey(
        RewardCode,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    expired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "cause"], name="issued_reward_cause_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="issued_reward_of_merchant"),
            models.UniqueConstraint(
                fields=["merchant", "code"], condition=Q(code__isnull=False), name="issued_reward_code_once"
            ),
            models.CheckConstraint(
                condition=Q(points_spent=0, redemption=None) | Q(points_spent__gt=0, redemption__isnull=False),
                name="issued_reward_paid",
            ),
            models.CheckConstraint(
                condition=Q(used_at=None, deactivated_at=None)
                | Q(used_at=None, expired_at=None)
                | Q(deactivated_at=None, expired_at=None),
                name="issued_reward_ends_once",
            ),
            SameMerchant(field="member", name="issued_reward_member_same_merchant"),
            SameMerchant(field="reward", name="issued_reward_reward_same_merchant"),
            SameMerchant(field="redemption", name="issued_reward_redemption_same_merchant"),
            SameMerchant(field="code", name="issued_reward_code_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "member", "-id"], name="issued_reward_by_member"),
            models.Index(fields=["merchant", "reward", "-issued_at", "-id"], name="issued_reward_by_reward"),
            models.Index(
                fields=["merchant", "expires_at"],
                condition=Q(used_at=None, deactivated_at=None, expired_at=None, expires_at__isnull=False),
                name="issued_reward_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} reward {self.pk}"

    @property
    def told_code(self) -> str:
        """The code as the member sees it, "" where it has none."""
        return self.code.code if self.code else ""


class ExpiryWarning(MerchantOwned):
    """That a member was warned, `window_days` or fewer before, of points that run out at an instant. Kept until then."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    expires_at = models.DateTimeField()
    window_days = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "expires_at", "member", "window_days"], name="expiry_warning_once"
            ),
            SameMerchant(field="member", name="expiry_warning_member_same_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.window_days} days before {self.expires_at}"
