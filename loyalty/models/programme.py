"""By which rules points are earned and run out: a merchant's programme, one row for each version of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from integrations.models import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from loyalty import days

DEFAULT_EXPIRY_DAYS = 365
MOST_EXPIRY_DAYS, MOST_PENDING_DAYS = 3_650, 365
MOST_POINTS_PER_UNIT = 10_000
MOST_BONUS_POINTS = 1_000_000
MOST_WINDOWS, MOST_WINDOW_DAYS = 5, 365


def _windows() -> list[int]:
    return [30]


def check_windows(value: Any) -> None:
    """Raises `ValidationError` for anything but a short list of different numbers of days."""
    is_list = isinstance(value, list) and len(value) <= MOST_WINDOWS
    are_days = is_list and all(type(each) is int and 1 <= each <= MOST_WINDOW_DAYS for each in value)
    if not are_days or len(set(value)) < len(value):
        raise ValidationError(
            f"A list of at most {MOST_WINDOWS} different whole numbers from 1 to {MOST_WINDOW_DAYS}, such as [30, 7]."
        )


def _bonus(name: str) -> Any:
    """Points that are given on an occasion."""
    return models.PositiveIntegerField(name, default=0, db_default=0, validators=[MaxValueValidator(MOST_BONUS_POINTS)])


def _gift(name: str) -> Any:
    """A reward that is given on an occasion."""
    return models.ForeignKey(
        "loyalty.Reward",
        verbose_name=name,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )


class Programme(MerchantOwned):
    """One version of a merchant's rules; `changes` says for people what is new in it. It is never changed itself.

    It holds from `effective_at` on, until a version that comes into force later. A merchant without one has no programme.

    `points_per_unit` are earned for each unit (a euro, a yen) of an order's net value; 0: nothing is earned. `pending_days`:
    points count so many whole days after the order was fulfilled; None: as soon as it is paid. Points run out `expiry_days`
    whole days after they began to count, or after the member's last activity, at the end of that day or of its month.

    Who makes an account gets the welcome points and reward, whose birth month begins those of the birthday. Members are warned
    so many days before points run out as `expiring_windows` say, once for each of them.
    """

    class Expiry(models.TextChoices):
        AFTER_DAYS = "after_days", "So many days after they were added"
        INACTIVITY = "inactivity", "So many days after the member last bought or redeemed"
        NEVER = "never", "Never"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    version = models.PositiveIntegerField(default=0)
    effective_at = models.DateTimeField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    changes = models.JSONField(default=list, blank=True)
    points_per_unit = models.DecimalField(
        "points for each unit of currency",
        max_digits=7,
        decimal_places=2,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(MOST_POINTS_PER_UNIT))],
    )
    pending_days = models.PositiveSmallIntegerField(
        "days after fulfilment until points count",
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_PENDING_DAYS)],
    )
    expiry = models.CharField("when points run out", max_length=12, choices=Expiry, default=Expiry.AFTER_DAYS)
    expiry_days = models.PositiveSmallIntegerField(
        "days until points run out",
        default=DEFAULT_EXPIRY_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_EXPIRY_DAYS)],
    )
    expires_at_month_end = models.BooleanField("points run out at the end of a month", default=False)
    welcome_points = _bonus("welcome points")
    welcome_reward = _gift("welcome reward")
    birthday_points = _bonus("birthday points")
    birthday_reward = _gift("birthday reward")
    expiring_windows = models.JSONField(
        "days before points run out on which members are warned",
        default=_windows,
        db_default=[30],
        blank=True,
        validators=[check_windows],
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "version"], name="programme_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="programme_of_merchant"),
            SameMerchant(field="welcome_reward", name="programme_welcome_same_merchant"),
            SameMerchant(field="birthday_reward", name="programme_birthday_same_merchant"),
        ]
        indexes = [models.Index(fields=["merchant", "-effective_at", "-version"], name="programme_in_force")]

    def __str__(self) -> str:
        return f"version {self.version}"

    def save(self, *args: Any, **options: Any) -> None:
        """Only a new version is written. Raises `TypeError` for one that is there: points were granted by it."""
        if not self._state.adding:
            raise TypeError("a version of the programme is never changed: make a new one")
        super().save(*args, **options)

    def clean(self) -> None:
        """A version never reaches into the past, and gives what there is. Raises `ValidationError` that names the field."""
        if self.effective_at < self.created_at:
            raise ValidationError({"effective_at": "It must not be in the past: what was granted stays as it is."})
        for name in ("welcome_reward", "birthday_reward"):
            reward = getattr(self, name)
            if reward is not None and reward.merchant_id != self.merchant_id:
                raise ValidationError({name: "It belongs to another merchant."})
            if reward is not None and reward.retired_at is not None:
                raise ValidationError({name: "It is retired: choose another one, or none."})

    @property
    def has_tiers(self) -> bool:
        """Whether the merchant has tiers now: known of the version that `loyalty.services.programmes.in_force` reads."""
        return bool(vars(self)["with_tiers"])

    def activates_at(self, fulfilled_at: datetime, time_zone: str) -> datetime | None:
        """When the points of an order that was fulfilled then begin to count; None: they did when it was paid."""
        if self.pending_days is None:
            return None
        return days.midnight_after(fulfilled_at, self.pending_days, time_zone)

    def expires_at(self, since: datetime, time_zone: str) -> datetime | None:
        """When points run out that began to count then, or whose member was active then; None: never."""
        if self.expiry == self.Expiry.NEVER:
            return None
        return days.midnight_after(since, self.expiry_days, time_zone, to_month_end=self.expires_at_month_end)


class LoyaltyClock(MerchantOwned):
    """How far what is done for all members of a merchant with a programme is worked through.

    Its nights up to `done_on`, a date in its time zone. Placing everybody in tiers anew, which was asked for at `placing_at`
    (None: it is done), up to the member `placing_after`; `placing_moved` came into another tier by it.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    done_on = models.DateField()
    placing_at = models.DateTimeField(null=True, blank=True)
    placing_after = models.BigIntegerField(default=0, db_default=0)
    placing_moved = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant"], name="loyalty_clock_once")]
        indexes = [models.Index(fields=["done_on"], name="loyalty_clock_by_day")]

    def __str__(self) -> str:
        return f"done on {self.done_on}"
