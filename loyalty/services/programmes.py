"""The rules of a merchant's programme: which are in force, and making a new version of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists

from integrations import audit
from integrations.audit import Actor
from integrations.models import Merchant
from loyalty import days
from loyalty.models import LoyaltyClock, Programme, Reward, Tier


class Outdated(Exception):
    """A change was based on a version that is not the newest any more."""


def newest(merchant: Merchant) -> Programme | None:
    """The newest version of a merchant's rules, in force or not yet."""
    found: Programme | None = Programme.objects.for_merchant(merchant).order_by("-version").first()
    return found


def in_force(merchant: Merchant, instant: datetime) -> Programme | None:
    """The version that was in force at an instant, and whether there are tiers now; None where the merchant had no programme."""
    tiers = Tier.objects.for_merchant(merchant)
    begun = (
        Programme.objects.for_merchant(merchant).filter(effective_at__lte=instant).annotate(with_tiers=Exists(tiers))
    )
    found: Programme | None = begun.order_by("-effective_at", "-version").first()
    return found


def change(
    merchant: Merchant,
    *,
    by: Actor | None,
    at: datetime,
    effective_at: datetime | None = None,
    based_on: int | None = None,
    **values: Any,
) -> Programme:
    """Make the next version, with `values` in place of what the newest one says; for what is granted from `effective_at` on.

    That is now unless it is said. Two who change at once make two versions, one on top of the other; who says what version the
    change is `based_on` is refused instead. Where nothing differs the newest version stays. Raises `Outdated`, `ValidationError`
    that names each field which is wrong, and `TypeError` for a value that is no rule.
    """
    unknown = values.keys() - SHOWN.keys()
    if unknown:
        raise TypeError(f"no rule of a programme: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        # Inserting rows of the merchant goes on meanwhile.
        Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
        before = newest(merchant)
        version = before.version if before else 0
        if based_on not in (None, version):
            raise Outdated(f"Version {version} holds now, and the change is based on version {based_on}.")
        said = {name: getattr(before, name) for name in SHOWN} if before else {}
        new = Programme(merchant=merchant, version=version + 1, created_at=at, **(said | values))
        new.effective_at = effective_at or at
        new.full_clean(validate_unique=False, validate_constraints=False)
        new.created_by = by.user if by else None
        new.changes = differences(before, new)
        if before is not None and not new.changes and effective_at is None:
            return before
        new.save()
        today = days.local_date(at, merchant.timezone)
        LoyaltyClock.objects.get_or_create(merchant=merchant, defaults={"done_on": today})
        if by is not None:
            audit.note(merchant, by, "changed the loyalty programme", new.changes, at=at)
    return new


def described(programme: Programme) -> dict[str, str]:
    """The rules for people: what each is called -> how it is set."""
    fields: list[Any] = [Programme._meta.get_field(name) for name in SHOWN]
    return {str(each.verbose_name).capitalize(): SHOWN[each.name](getattr(programme, each.name)) for each in fields}


def differences(before: Programme | None, after: Programme) -> list[str]:
    """What differs between two versions, a line for each rule, for people; all rules where there was no programme."""
    new = described(after)
    if before is None:
        return [f"{name}: {word}" for name, word in new.items()]
    return [f"{name}: {old} → {new[name]}" for name, old in described(before).items() if old != new[name]]


def _rate(points: Decimal) -> str:
    return f"{points:.2f}"


def _pending(days: int | None) -> str:
    return "they count when the order is paid" if days is None else f"{days} d"


def _expiry(choice: str) -> str:
    return str(Programme.Expiry(choice).label)


def _days(days: int) -> str:
    return f"{days} d"


def _flag(is_on: bool) -> str:
    return "yes" if is_on else "no"


def _gift(reward: Reward | None) -> str:
    return reward.name if reward else "none"


def _windows(days: list[int]) -> str:
    return ", ".join(f"{each} d" for each in sorted(days, reverse=True)) or "never"


SHOWN: dict[str, Callable[[Any], str]] = {
    "points_per_unit": _rate,
    "pending_days": _pending,
    "expiry": _expiry,
    "expiry_days": _days,
    "expires_at_month_end": _flag,
    "welcome_points": str,
    "welcome_reward": _gift,
    "birthday_points": str,
    "birthday_reward": _gift,
    "expiring_windows": _windows,
}
"""The rules, and how each is written for people."""
