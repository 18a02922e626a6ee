"""Codes of rewards: given in a list, or made by a pattern. A code goes to one member, and to no other ever after."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import F

from integrations import clean
from integrations.statements import Among, insert_new
from loyalty.models import Reward, RewardCode
from loyalty.models.reward import CODE_LENGTH

LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 of them: none is taken for another."""

MOST_CODES = 10_000
"""Codes in one list."""

TRIES = 5
"""How often codes that turned out to be there are made anew: with eight characters of chance once is rare."""


def add(reward: Reward, given: Collection[str]) -> int:
    """Put codes into the pool of a reward; returns how many were new to the merchant.

    Raises `ValidationError` for a reward that has no pool, a list that is too long, and a code that is too long or empty.
    """
    if reward.codes != Reward.Codes.POOL:
        raise ValidationError({"codes": "The codes of this reward do not come from a list."})
    if len(given) > MOST_CODES:
        raise ValidationError({"codes": f"At most {MOST_CODES} codes at once."})
    wanted = dict.fromkeys(clean.text(each, CODE_LENGTH + 1) for each in given)
    wrong = next((each for each in wanted if not 0 < len(each) <= CODE_LENGTH), None)
    if wrong is not None:
        raise ValidationError({"codes": f"A code has 1 to {CODE_LENGTH} characters, unlike {wrong[:20]!r}."})
    return len(_insert(reward, list(wanted), taken_at=None))


def take(reward: Reward, count: int, *, at: datetime) -> Sequence[RewardCode | None]:
    """So many codes of a reward, which are then nobody else's; None for each where it has no codes.

    They are fewer where its pool has no more: what another transaction is about to take is not waited for.
    """
    if reward.codes == Reward.Codes.NONE:
        return [None] * count
    return _pick(reward, count, at=at) if reward.codes == Reward.Codes.POOL else _make(reward, count, at=at)


def _pick(reward: Reward, count: int, *, at: datetime) -> list[RewardCode]:
    mine = RewardCode.objects.for_merchant(reward.merchant_id)
    free = mine.filter(reward=reward, taken_at=None).order_by("pk").select_for_update(skip_locked=True)
    picked = list(free[:count])
    mine.filter(Among(F("pk"), [each.pk for each in picked])).update(taken_at=at)
    return picked


def _make(reward: Reward, count: int, *, at: datetime) -> list[RewardCode]:
    made: list[RewardCode] = []
    for _ in range(TRIES):
        if len(made) < count:
            fresh = {_by_pattern(reward.code_pattern) for _ in range(count - len(made))}
            made += _insert(reward, list(fresh), taken_at=at)
    return made


def _by_pattern(pattern: str) -> str:
    return "".join(secrets.choice(LETTERS) if each == "#" else each for each in pattern)


def _insert(reward: Reward, codes: Sequence[str], *, taken_at: datetime | None) -> list[RewardCode]:
    rows = [RewardCode(merchant_id=reward.merchant_id, reward=reward, code=each, taken_at=taken_at) for each in codes]
    return insert_new(rows, identity=("merchant", "code"))
