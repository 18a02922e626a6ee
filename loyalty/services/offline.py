"""Offline purchases: batches of codes that a merchant prints, and a shopper who uses a code for its points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q

from integrations import audit, clean, customers
from integrations.audit import Actor
from integrations.models import Customer, Merchant
from integrations.people import PersonInput
from loyalty import days
from loyalty.models import LedgerEntry, Member, OfflineBatch, PointSource, UsedCode
from loyalty.services import activity, members, offline_codes, points, programmes, tier_moves
from loyalty.services.offline_codes import Named
from loyalty.services.points import NOTE_LENGTH
from tracking.business_time import begin_of

NAME_LENGTH = 100


class NotOpen(Exception):
    """The code gives no points: it was used, the batch was withdrawn, or it is over."""


class NotUnderstood(Exception):
    """What was typed leads to nobody. `sentence` names what is wrong: "nothing_typed", "no_email" or "no_phone"."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a batch that there is, whose merchant is at hand."""

    batch: OfflineBatch
    number: int
    is_used: bool


def make_offline_batch(
    merchant: Merchant,
    *,
    by: Actor,
    at: datetime,
    name: str,
    points: int,
    size: int,
    last_day: date | None = None,
    note: str = "",
) -> OfflineBatch:
    """Make codes that work until the end of `last_day` in the merchant's time zone; None: without end.

    Raises `ValidationError` that names each field which is wrong, and one without a field where there is no programme.
    """
    if programmes.in_force(merchant, at) is None:
        raise ValidationError("There is no programme yet: set its rules first.")
    if last_day is not None and last_day < days.local_date(at, merchant.timezone):
        raise ValidationError({"last_day": "It must not be in the past: no code would work."})
    batch = OfflineBatch(
        merchant=merchant,
        name=clean.text(name, NAME_LENGTH),
        points=points,
        size=size,
        ends_at=begin_of(last_day + days.DAY, merchant.timezone) if last_day else None,
        note=clean.text(note, NOTE_LENGTH),
        created_at=at,
        created_by=by.user,
    )
    batch.full_clean(validate_unique=False, validate_constraints=False)
    with transaction.atomic():
        batch.save()
        until = f"until {last_day}" if last_day else "without end"
        audit.note(
            merchant,
            by,
            "made codes for offline purchases",
            [f"{batch.name}: {size} of {points} points, {until}"],
            at=at,
        )
    return batch


def withdraw_offline_batch(batch: OfflineBatch, *, by: Actor, at: datetime) -> None:
    """No code that was not used works any more, for good. What was given stays."""
    with transaction.atomic():
        standing = OfflineBatch.objects.for_merchant(batch.merchant_id).filter(pk=batch.pk, withdrawn_at=None)
        if standing.update(withdrawn_at=at):
            batch.refresh_from_db(fields=["withdrawn_at", "used"])
            left = batch.size - batch.used
            audit.note(
                batch.merchant, by, "withdrew codes for offline purchases", [f"{batch.name}: {left} left"], at=at
            )


def codes_of(batch: OfflineBatch, first: int, count: int) -> Iterator[tuple[int, str]]:
    """So many of a batch's codes from a number on, each with its number."""
    for number in range(first, min(first + count, batch.size + 1)):
        yield number, offline_codes.write(Named(batch.pk, number))


def find_offline_code(named: Named) -> Code | None:
    """The code that this is; None where the batch is gone, or never had so many."""
    found = OfflineBatch.objects.filter(pk=named.batch, size__gte=named.number).select_related("merchant")
    batch = found.first() if named.number else None
    return Code(batch, named.number, _is_used(batch, named.number)) if batch else None


def use_offline_code(code: Code, *, contact: str, at: datetime) -> LedgerEntry:
    """Give the code's points, once, to whom an e-mail address or a phone number leads, who becomes a member.

    Raises `NotUnderstood`, and `NotOpen`, as for all but one of those who use it at the same time; then nothing is written.
    """
    batch, merchant = code.batch, code.batch.merchant
    person = _person(contact)
    with transaction.atomic():
        # Holds the batch: its codes are used one after the other, and none while it is withdrawn.
        in_time = Q(ends_at=None) | Q(ends_at__gt=at)
        standing = OfflineBatch.objects.for_merchant(merchant).filter(in_time, pk=batch.pk, withdrawn_at=None)
        counted = standing.filter(used__lt=F("size")).update(used=F("used") + 1)
        if not counted or _is_used(batch, code.number):
            raise NotOpen(f"number {code.number} of batch {batch.pk}")
        customer = _member(merchant, person, at=at)
        entry = points.add_points(
            merchant=merchant,
            customer=customer,
            points=batch.points,
            source=PointSource.OFFLINE_PURCHASE,
            cause=f"offline:{batch.pk}:{code.number}",
            at=at,
            note=batch.name,
        )
        UsedCode.objects.create(merchant=merchant, batch=batch, number=code.number, entry=entry, used_at=at)
        activity.note(entry.member, at)
    return entry


def _is_used(batch: OfflineBatch, number: int) -> bool:
    return bool(UsedCode.objects.for_merchant(batch.merchant_id).filter(batch=batch, number=number).exists())


def _person(contact: str) -> PersonInput:
    typed = contact.strip()
    if "@" in typed:
        person, sentence = PersonInput(email=customers.normalise_email(typed)), "no_email"
    else:
        person, sentence = PersonInput(phone=customers.normalise_phone(typed)), "no_phone" if typed else "nothing_typed"
    if not person.has_identity:
        raise NotUnderstood(sentence)
    return person


def _member(merchant: Merchant, person: PersonInput, *, at: datetime) -> Customer:
    """Who is found or made by an address, as a member. Nothing else is learnt of them: whoever types it may be anybody."""
    customer = customers.resolve(merchant, person, at=at, acted_at=at)
    if customer is None or customer.status == Customer.Status.ERASED:
        # Erased at this very moment: a later try makes somebody new.
        raise NotUnderstood("nothing_typed")
    members.enrol(merchant, customer, Member.Source.OFFLINE, at=at)
    programme, member = programmes.in_force(merchant, at), members.locked(merchant, customer)
    if programme is not None and programme.has_tiers and member.tier_since is None:
        tier_moves.reconsider(member, cause=f"joined:{member.pk}", at=at)
    return customer
