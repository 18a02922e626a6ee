"""The rewards that a merchant offers: a new one, its codes, and its end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import Merchant
from loyalty.models import Reward
from loyalty.services import codes, programmes


def offer_reward(
    merchant: Merchant, *, by: Actor | None, at: datetime, once: UUID | None = None, **values: Any
) -> Reward:
    """Offer a new reward, once for each `once`: a repeated one answers what was offered first.

    Raises `ValidationError` that names each field which is wrong.
    """
    reward = Reward(merchant=merchant, created_at=at, once=once, **values)
    reward.full_clean(validate_unique=False, validate_constraints=False)
    with transaction.atomic():
        try:
            with transaction.atomic():
                reward.save()
        except IntegrityError:
            if once is None:
                raise
            return Reward.objects.for_merchant(merchant).get(once=once)
        _note(reward, by, "offered a reward", at=at)
    return reward


def add_codes(reward: Reward, given: Collection[str], *, by: Actor | None, at: datetime) -> int:
    """Put codes into a reward's pool; returns how many were new to the merchant. Raises `ValidationError`."""
    with transaction.atomic():
        added = codes.add(reward, given)
        _note(reward, by, f"added {added} codes", at=at)
    return added


def retire_reward(reward: Reward, *, by: Actor | None, at: datetime) -> None:
    """Give a reward to nobody any more; whoever has it keeps it. Raises `ValidationError` where the programme gives it."""
    with transaction.atomic():
        rules = programmes.newest(reward.merchant)
        if rules is not None and reward.pk in (rules.welcome_reward_id, rules.birthday_reward_id):
            raise ValidationError({"reward": "The programme gives it: choose another one there first, or none."})
        offered = Reward.objects.for_merchant(reward.merchant).filter(pk=reward.pk, retired_at=None)
        if offered.update(retired_at=at):
            reward.retired_at = at
            _note(reward, by, "retired a reward", at=at)


def _note(reward: Reward, by: Actor | None, what: str, *, at: datetime) -> None:
    if by is not None:
        audit.note(reward.merchant, by, what, [reward.name], at=at)
