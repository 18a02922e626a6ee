"""The tiers of a programme, and how members came into them and out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from loyalty.models.ledger import CAUSE_LENGTH, AppendOnly
from loyalty.models.member import Member
from loyalty.models.programme import MOST_POINTS_PER_UNIT
from loyalty.tiering import Change, Terms

DEFAULT_PERIOD_DAYS = 365
MOST_PERIOD_DAYS = 3_650
NAME_LENGTH = 60
MOST_LOCALES = 30
MOST_MINOR = 10**15
"""A threshold is far below what a 64-bit number holds."""

MOST_BONUS = 1_000_000_000

_locale = RegexValidator(r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")


def validate_names(names: Any) -> None:
    """Raises `ValidationError` unless it is an object of locale -> name, such as {"de": "Gold"}."""
    if not isinstance(names, dict) or len(names) > MOST_LOCALES:
        raise ValidationError(f"An object of at most {MOST_LOCALES} locales, each with a name.")
    for locale, name in names.items():
        try:
            _locale(locale)
        except ValidationError:
            raise ValidationError(f"{locale!r} is not a locale such as de or pt-BR.") from None
        if not isinstance(name, str) or not 0 < len(name.strip()) <= NAME_LENGTH:
            raise ValidationError(f"The name in {locale} must have 1 to {NAME_LENGTH} characters.")


class Tier(MerchantOwned):
    """A tier of a merchant's programme. `loyalty.services.tier_rules` writes it; it is retired rather than taken away.

    A spending tier is entered with `entry_minor` spent within 365 days, and held on to with `maintain_minor` when its period of
    `period_days` whole days is over; both in minor units of the merchant's currency. The higher its entry, the higher the tier.
    A custom tier is given by hand. `key` is what it is called by programs, `name` by people, `names` in other languages. Its
    members earn `points_per_unit` (None: what the programme says), and `bonus_points` when they first rise into it. `position` is
    its place in lists.
    """

    class Kind(models.TextChoices):
        SPENDING = "spending", "By spending"
        CUSTOM = "custom", "By hand"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(
        max_length=40,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9_-]*$", "Small letters, digits, - and _: gold.")],
    )
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.SPENDING)
    name = models.CharField(max_length=NAME_LENGTH)
    names = models.JSONField("names in other languages", default=dict, blank=True, validators=[validate_names])
    entry_minor = models.BigIntegerField(
        "spend to enter", default=0, validators=[MinValueValidator(0), MaxValueValidator(MOST_MINOR)]
    )
    maintain_minor = models.BigIntegerField(
        "spend to maintain", default=0, validators=[MinValueValidator(0), MaxValueValidator(MOST_MINOR)]
    )
    period_days = models.PositiveSmallIntegerField(
        "days of a period",
        default=DEFAULT_PERIOD_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PERIOD_DAYS)],
    )
    points_per_unit = models.DecimalField(
        "points for each unit of currency",
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(MOST_POINTS_PER_UNIT))],
    )
    bonus_points = models.BigIntegerField(
        "bonus points", default=0, validators=[MinValueValidator(0), MaxValueValidator(MOST_BONUS)]
    )
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="tier_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="tier_of_merchant"),
            models.UniqueConstraint(
                fields=["merchant", "entry_minor"],
                condition=Q(kind="spending", retired_at=None),
                name="tier_entry_once",
            ),
            models.CheckConstraint(
                condition=Q(maintain_minor__gte=0, maintain_minor__lte=models.F("entry_minor")),
                name="tier_maintain_in_entry",
            ),
            models.CheckConstraint(condition=Q(kind="spending") | Q(entry_minor=0), name="tier_custom_asks_nothing"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Thresholds are those of a spending tier, and fit together. Raises `ValidationError` that names the field."""
        if self.kind == self.Kind.CUSTOM and (self.entry_minor or self.maintain_minor):
            raise ValidationError({"entry_minor": "A custom tier is given by hand: it asks for no spend."})
        if self.maintain_minor > self.entry_minor:
            raise ValidationError({"maintain_minor": "It must not be more than the spend to enter."})

    @property
    def terms(self) -> Terms:
        """What the decision needs of it."""
        return Terms(
            self.pk,
            self.entry_minor,
            self.maintain_minor,
            self.period_days,
            is_custom=self.kind == self.Kind.CUSTOM,
            is_retired=self.retired_at is not None,
        )


class TierTransition(AppendOnly):
    """A member came into a tier, kept it for another period, or left it. `cause` names what led to it: nothing leads to two.

    `spend_minor` is what had been spent in 365 days, in minor units of the merchant's currency. `expires_at` is when the tier
    ends or is looked at again, None: never. `effective_at` is when it happened, `recorded_at` when it was found out. `reason`
    and `actor` are those of the person who did it, "" where a rule did.
    """

    class Type(models.TextChoices):
        SPENDING_DOWNGRADE = Change.DOWNGRADE.value, "Downgrade"
        SPENDING_UPGRADE = Change.UPGRADE.value, "Upgrade"
        SPENDING_EXTEND = Change.EXTEND.value, "Kept for another period"
        SPENDING_ASSIGN = Change.ASSIGN.value, "Placed by spending"
        MANUAL_ASSIGN = Change.BY_HAND.value, "By hand"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="transitions", db_index=False, db_constraint=False
    )
    type = models.CharField(max_length=20, choices=Type)
    cause = models.CharField(max_length=CAUSE_LENGTH)
    # The database itself refuses to lose a tier that members came into.
    from_tier = models.ForeignKey(
        Tier,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    to_tier = models.ForeignKey(
        Tier,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    spend_minor = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=254, blank=True)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "cause"], name="tier_transition_once"),
            models.CheckConstraint(
                condition=Q(from_tier__isnull=False) | Q(to_tier__isnull=False), name="tier_transition_of_a_tier"
            ),
            models.CheckConstraint(
                condition=Q(to_tier__isnull=False) | Q(expires_at=None), name="tier_transition_ends_a_tier"
            ),
            SameMerchant(field="member", name="tier_transition_member_same_merchant"),
            SameMerchant(field="from_tier", name="tier_transition_from_same_merchant"),
            SameMerchant(field="to_tier", name="tier_transition_to_same_merchant"),
        ]
        indexes = [models.Index(fields=["merchant", "member", "-id"], name="tier_transition_by_member")]

    def __str__(self) -> str:
        return f"{self.type} at {self.effective_at:%Y-%m-%d}"
