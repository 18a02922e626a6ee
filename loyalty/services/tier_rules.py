"""The tiers of a merchant's programme: making one, changing what it asks for and gives, retiring it.

A change moves nobody: who holds a tier is looked at by the new rules with their next order, or when their period is over, or when
the merchant asks for it (`loyalty.recomputation`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import Merchant
from loyalty.models import Tier


def save(merchant: Merchant, key: str, *, by: Actor | None, at: datetime, is_new: bool = False, **values: Any) -> Tier:
    """Make the tier of that key, or change it: `values` in place of what it says. A retired one comes back.

    Its kind stays; one that `is_new` must not be there yet. Raises `ValidationError` that names each field which is wrong, and
    `TypeError` for a value that is no rule.
    """
    unknown = values.keys() - {*SHOWN, "kind"}
    if unknown:
        raise TypeError(f"no rule of a tier: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        tier = _locked(merchant, key) or Tier(merchant=merchant, key=key, created_at=at)
        before = described(tier) if tier.pk else {}
        if before and is_new:
            raise ValidationError({"key": f"There is a tier {key}: change that one, or choose another key."})
        if before and values.get("kind", tier.kind) != tier.kind:
            raise ValidationError({"kind": "A tier stays what it is: make another one."})
        for name, value in values.items():
            setattr(tier, name, value)
        was_retired, tier.retired_at = tier.retired_at is not None, None
        _check(tier)
        after = described(tier)
        lines = [f"{name}: {after[name]}" for name in after if before.get(name) != after[name]]
        if lines or was_retired:
            tier.save()
            if by is not None:
                audit.note(merchant, by, f"{'changed' if before else 'made'} the tier {key}", lines, at=at)
    return tier


def retire(merchant: Merchant, key: str, *, by: Actor | None, at: datetime) -> Tier:
    """Let nobody into a tier any more. Who holds it keeps it until the period is over, or the date. Raises `LookupError`."""
    with transaction.atomic():
        tier = _locked(merchant, key)
        if tier is None:
            raise LookupError(f"there is no tier {key!r}")
        if tier.retired_at is None:
            tier.retired_at = at
            tier.save(update_fields=["retired_at"])
            if by is not None:
                audit.note(merchant, by, f"retired the tier {key}", at=at)
    return tier


def described(tier: Tier) -> dict[str, str]:
    """What a tier asks for and gives, for people: what each is called -> how it is set."""
    fields: list[Any] = [Tier._meta.get_field(name) for name in SHOWN]
    return {str(each.verbose_name).capitalize(): SHOWN[each.name](getattr(tier, each.name)) for each in fields}


def _locked(merchant: Merchant, key: str) -> Tier | None:
    """The tier; nobody else changes tiers of the merchant meanwhile."""
    Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
    found: Tier | None = Tier.objects.for_merchant(merchant).filter(key=key).first()
    return found


def _check(tier: Tier) -> None:
    tier.full_clean(validate_unique=False, validate_constraints=False)
    same_entry = Tier.objects.for_merchant(tier.merchant).filter(
        kind=Tier.Kind.SPENDING, entry_minor=tier.entry_minor, retired_at=None
    )
    other = same_entry.exclude(pk=tier.pk).first() if tier.kind == Tier.Kind.SPENDING else None
    if other is not None:
        raise ValidationError({"entry_minor": f"The tier {other.key} asks for the same: which is higher?"})


def _names(names: dict[str, str]) -> str:
    return ", ".join(f"{locale}: {name}" for locale, name in sorted(names.items())) or "none"


def _rate(points: Any) -> str:
    return "as in the programme" if points is None else f"{points:.2f}"


def _days(days: int) -> str:
    return f"{days} d"


SHOWN: dict[str, Callable[[Any], str]] = {
    "name": str,
    "names": _names,
    "entry_minor": str,
    "maintain_minor": str,
    "period_days": _days,
    "points_per_unit": _rate,
    "bonus_points": str,
    "position": str,
}
"""The rules of a tier, and how each is written for people. Amounts are in minor units of the merchant's currency."""
