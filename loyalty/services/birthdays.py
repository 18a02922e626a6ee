"""Birth months: members say theirs, and when it comes they get what the programme gives, once a year.

It comes on the first day of the month. For who said it in that very month it comes on the day after; on the month's last day, at
once. All of them begin at the merchant's midnight.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet

from integrations import history
from integrations.models import Customer, Merchant
from integrations.statements import Among
from loyalty import days
from loyalty.facts import PointsAdded
from loyalty.models import IssuedReward, Member, PointSource, Programme
from loyalty.occasions import BirthMonthCaptured, BirthMonthEntered, RewardIssued
from loyalty.services import members, posting, programmes, rewards
from loyalty.services.posting import Draft
from loyalty.services.rewards import Recipient
from tracking.business_time import begin_of

MONTHS = range(1, 13)


def capture_birth_month(
    *, merchant: Merchant, customer: Customer, month: int, at: datetime, at_registration: bool = False
) -> Member:
    """Keep in which month (1 to 12) a member was born, or that it is another one than was said.

    It is told of those who had an account before, unless it is said with the account, `at_registration`. Raises
    `ValidationError`, and `NoMember`.
    """
    if month not in MONTHS:
        raise ValidationError({"month": "A month from 1 to 12."})
    member = members.locked(merchant, customer)
    if member.birth_month == month:
        return member
    member.birth_month, member.birth_month_at = month, at
    member.save(update_fields=["birth_month", "birth_month_at"])
    if member.registered_at is not None and not at_registration:
        history.announce(BirthMonthCaptured.of(member, month=month, captured_at=at), at=at)
    today = days.local_date(at, merchant.timezone)
    is_last_day = (today + days.DAY).month != today.month
    if is_last_day and month == today.month and member.birthday_year < today.year:
        _enter(merchant, [member], today, programmes.in_force(merchant, at), at=at)
    return member


def due_birthdays(merchant: Merchant, day: date) -> QuerySet[Member]:
    """Members whose birth month is to be told on a day: said before it began, and not told of in its year."""
    mine: QuerySet[Member] = Member.objects.for_merchant(merchant)
    midnight = begin_of(day, merchant.timezone)
    return mine.filter(birth_month=day.month, birthday_year__lt=day.year, birth_month_at__lt=midnight)


def enter_birth_months(merchant: Merchant, keys: Collection[int], *, day: date, at: datetime) -> int:
    """Let the birth month of these members come on a day, with what they get for it; returns how many there were."""
    locked = members.locked_many(merchant, keys)
    due = set(due_birthdays(merchant, day).filter(Among(F("pk"), keys)).values_list("pk", flat=True))
    rules = programmes.in_force(merchant, begin_of(day, merchant.timezone))
    _enter(merchant, [each for key, each in locked.items() if key in due], day, rules, at=at)
    return len(due)


def _enter(merchant: Merchant, due: Sequence[Member], day: date, rules: Programme | None, *, at: datetime) -> None:
    mine = Member.objects.for_merchant(merchant).filter(Among(F("pk"), [each.pk for each in due]))
    mine.update(birthday_year=day.year)
    # Whom nobody knows any more gets nothing.
    known = [each for each in due if each.customer.status != Customer.Status.ERASED]
    if rules is None or not known:
        return
    midnight = begin_of(day, merchant.timezone)
    added = _add_points(merchant, known, day, rules, midnight, at=at)
    issued = _give_rewards(known, day, rules, midnight, at=at)
    by_member = {each.member.pk: each.issued for each in issued}
    entered = [
        BirthMonthEntered.of(
            each,
            day=day,
            midnight=midnight,
            until=begin_of(_next_month(day), merchant.timezone),
            points=rules.birthday_points,
            issued=by_member.get(each.pk),
            tier_name=each.tier.name if each.tier else "",
        )
        for each in known
    ]
    history.announce(*added, at=at)
    history.announce(*issued, *entered, at=at)


def _add_points(
    merchant: Merchant, to: Sequence[Member], day: date, rules: Programme, midnight: datetime, *, at: datetime
) -> list[PointsAdded]:
    if not rules.birthday_points:
        return []
    drafts = [
        Draft(
            member=each,
            points=rules.birthday_points,
            source=PointSource.BIRTHDAY_BONUS,
            cause=_cause(each, day),
            effective_at=midnight,
            programme=rules,
        )
        for each in to
    ]
    posted = posting.post(merchant, drafts, at=at)
    return [PointsAdded.by(each.entry, expires_at=each.expires_at) for each in posted]


def _give_rewards(
    to: Sequence[Member], day: date, rules: Programme, midnight: datetime, *, at: datetime
) -> list[RewardIssued]:
    if rules.birthday_reward is None:
        return []
    recipients = [Recipient(each, _cause(each, day)) for each in to]
    source = IssuedReward.Source.BIRTHDAY
    return rewards.hand_out(rules.birthday_reward, recipients, source=source, issued_at=midnight, at=at)


def _cause(member: Member, day: date) -> str:
    return f"birthday:{member.pk}:{day.year}"


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
