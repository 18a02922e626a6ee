"""The settings that say when something stalls: which are in force, and making a new version of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import Merchant
from tracking.models import Problem, StalledPolicy
from tracking.models.policy import WEEKDAYS, override_name

NOTHING = "none"


def defaults(merchant: Merchant) -> StalledPolicy:
    """What holds for a merchant who never changed anything: version 0, which has no row."""
    return StalledPolicy(merchant=merchant)


def current(merchant: Merchant) -> StalledPolicy:
    """The newest version of a merchant's settings."""
    newest = StalledPolicy.objects.for_merchant(merchant).order_by("-version").first()
    return newest or defaults(merchant)


def in_force(merchant: Merchant, instant: datetime) -> StalledPolicy | None:
    """The version that was in force at an instant; None for the defaults."""
    made = StalledPolicy.objects.for_merchant(merchant).filter(created_at__lte=instant)
    found: StalledPolicy | None = made.order_by("-version").first()
    return found


class Outdated(Exception):
    """A change was based on a version that is not the newest any more."""


def change(
    merchant: Merchant, *, by: Actor | None, at: datetime, based_on: int | None = None, **values: Any
) -> StalledPolicy:
    """Make the next version, with `values` in place of what the newest one says; for orders that are placed from `at` on.

    Two who change at once make two versions, one on top of the other; who says what version the change is `based_on` is refused
    instead. Where nothing differs the newest version stays. Raises `Outdated`, `ValidationError` that names each field which is
    wrong, and `TypeError` for a value that is no setting.
    """
    with transaction.atomic():
        # Inserting rows of the merchant goes on meanwhile.
        Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
        before = current(merchant)
        if based_on not in (None, before.version):
            raise Outdated(f"Version {before.version} holds now, and the change is based on version {based_on}.")
        new = proposed(merchant, before, at=at, **values)
        new.created_by = by.user if by else None
        new.changes = differences(before, new)
        if not new.changes:
            return before
        new.save()
        if by is not None:
            audit.note(merchant, by, "changed when something stalls", new.changes, at=at)
    return new


def proposed(merchant: Merchant, before: StalledPolicy, *, at: datetime, **values: Any) -> StalledPolicy:
    """The version after `before`, with `values` in place of what that one says; it is not saved. Raises as `change` does."""
    unknown = values.keys() - SHOWN.keys()
    if unknown:
        raise TypeError(f"not a setting: {', '.join(sorted(unknown))}")
    said = {name: getattr(before, name) for name in SHOWN} | values
    new = StalledPolicy(merchant=merchant, version=before.version + 1, created_at=at, **said)
    new.full_clean(validate_unique=False, validate_constraints=False)
    new.excluded_weekdays, new.own_dates = sorted(set(new.excluded_weekdays)), sorted(set(new.own_dates))
    return new


def described(policy: StalledPolicy) -> dict[str, str]:
    """The settings for people: what each is called -> how it is set."""
    fields: list[Any] = [StalledPolicy._meta.get_field(name) for name in SHOWN]
    return {str(each.verbose_name).capitalize(): SHOWN[each.name](getattr(policy, each.name)) for each in fields}


def differences(before: StalledPolicy, after: StalledPolicy) -> list[str]:
    """What differs between two versions, a line for each setting, for people."""
    new = described(after)
    return [f"{name}: {old} → {new[name]}" for name, old in described(before).items() if old != new[name]]


def _hours(hours: int | None) -> str:
    return "never" if hours is None else f"{hours} h"


def _days(days: int | None) -> str:
    return "never" if days is None else f"{days} d"


def _weekdays(days: list[int]) -> str:
    return ", ".join(WEEKDAYS[day] for day in sorted(set(days))) or NOTHING


def _dates(dates: list[str]) -> str:
    return ", ".join(str(date.fromisoformat(each)) for each in sorted(set(dates))) or NOTHING


def _overrides(overrides: list[dict[str, Any]]) -> str:
    told = sorted(
        f"{override_name(each)} ({_hours(each['before_pickup'])} before pick-up, {_hours(each['in_transit'])} in transit)"
        for each in overrides
    )
    return "; ".join(told) or NOTHING


def _problems(problems: list[str]) -> str:
    return ", ".join(str(Problem(each).label) for each in sorted(set(problems))) or NOTHING


def _word(word: str) -> str:
    return word or NOTHING


SHOWN: dict[str, Callable[[Any], str]] = {
    "hours_until_fulfillment": _hours,
    "hours_before_pickup": _hours,
    "hours_in_transit": _hours,
    "days_until_delayed": _days,
    "days_early": _days,
    "excluded_weekdays": _weekdays,
    "home_country": _word,
    "holiday_country": _word,
    "holiday_region": _word,
    "own_dates": _dates,
    "overrides": _overrides,
    "problems_off": _problems,
}
"""The settings, and how each is written for people."""

SETTINGS = tuple(SHOWN)
