"""The only writer of the ledger: entries, the lots that come with them, what they take from lots, and the members' balances.

Whoever posts holds the members' rows locked. A handful of statements for any number of entries.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from integrations.models import Merchant
from integrations.statements import Among
from loyalty import ledger
from loyalty.ledger import Held, Owed, Part
from loyalty.models import Allocation, LedgerEntry, Lot, Member, PointSource, Programme


@dataclass(slots=True, kw_only=True)
class Draft:
    """An entry to be posted. Points above 0 come in a new lot, which runs out by `programme`; None: they are given back to lots.

    `parts` are what it takes from `lots`, or gives back to them.
    """

    member: Member
    points: int
    source: PointSource
    cause: str
    effective_at: datetime
    note: str = ""
    actor: str = ""
    order_external_id: str = ""
    order_number: str = ""
    programme: Programme | None = None
    lots: Sequence[Lot] = ()
    parts: Sequence[Part] = ()


@dataclass(slots=True)
class Posted:
    """An entry that was posted, and the lots that came with it or got something back."""

    entry: LedgerEntry
    lots: list[Lot] = field(default_factory=list)

    @property
    def expires_at(self) -> datetime | None:
        """When the first of its points run out; None: never."""
        return min((each.expires_at for each in self.lots if each.expires_at), default=None)


def earlier(merchant: Merchant, cause: str) -> LedgerEntry | None:
    """The entry that this cause has led to, if it has."""
    found: LedgerEntry | None = LedgerEntry.objects.for_merchant(merchant).filter(cause=cause).first()
    return found


def held(lots: Collection[Lot]) -> list[Held]:
    """Lots as the arithmetic takes them."""
    return [Held(each.pk, each.remaining, each.effective_at, each.expires_at) for each in lots]


def lots_of(member: Member) -> list[Lot]:
    """The member's lots with something in them."""
    return list(Lot.objects.for_merchant(member.merchant).filter(member=member, remaining__gt=0).order_by("pk"))


def post(merchant: Merchant, drafts: Sequence[Draft], *, at: datetime) -> list[Posted]:
    """Post entries whose causes are new. Raises `IntegrityError` where one is not: nothing is half-written then."""
    owing = {each.member.pk: each.member for each in drafts if each.member.balance < 0 < each.points}
    posted = [Posted(_entry(merchant, each, at=at)) for each in drafts]
    LedgerEntry.objects.bulk_create([each.entry for each in posted])
    new = []
    for each, draft in zip(posted, drafts, strict=True):
        if draft.programme is not None:
            new.append(_lot(merchant, each.entry, draft.programme))
            each.lots.append(new[-1])
        elif draft.points > 0:
            each.lots += draft.lots
    Lot.objects.bulk_create(new)
    moved = [
        (each.entry, lot, part)
        for each, draft in zip(posted, drafts, strict=True)
        for lot, part in _matched(draft.lots, draft.parts)
    ]
    _allocate(merchant, moved)
    _save_balances([each.member for each in drafts], at=at)
    for member in owing.values():
        pay_debts(member)
    return posted


def _entry(merchant: Merchant, draft: Draft, *, at: datetime) -> LedgerEntry:
    draft.member.balance += draft.points
    return LedgerEntry(
        merchant=merchant,
        member=draft.member,
        points=draft.points,
        balance_after=draft.member.balance,
        source=draft.source,
        cause=draft.cause,
        note=draft.note,
        actor=draft.actor,
        order_external_id=draft.order_external_id,
        order_number=draft.order_number,
        effective_at=draft.effective_at,
        recorded_at=at,
    )


def _lot(merchant: Merchant, entry: LedgerEntry, programme: Programme) -> Lot:
    return Lot(
        merchant=merchant,
        member=entry.member,
        entry=entry,
        programme=programme,
        points=entry.points,
        remaining=entry.points,
        effective_at=entry.effective_at,
        expires_at=programme.expires_at(entry.effective_at, merchant.timezone),
    )


def _matched(lots: Sequence[Lot], parts: Sequence[Part]) -> list[tuple[Lot, Part]]:
    by_key = {each.pk: each for each in lots}
    return [(by_key[part.lot], part) for part in parts]


def _allocate(merchant: Merchant, moved: Sequence[tuple[LedgerEntry, Lot, Part]]) -> None:
    """Write down what entries take from lots, and take it: two statements."""
    if not moved:
        return
    Allocation.objects.bulk_create(
        Allocation(merchant=merchant, entry=entry, lot=lot, points=part.points) for entry, lot, part in moved
    )
    for _, lot, part in moved:
        lot.remaining -= part.points
    changed = {lot.pk: lot for _, lot, _ in moved}
    Lot.objects.bulk_create(changed.values(), update_conflicts=True, unique_fields=["id"], update_fields=["remaining"])


def _save_balances(members: Collection[Member], *, at: datetime) -> None:
    changed = {each.pk: each for each in members}
    for each in changed.values():
        each.balance_at = at
    Member.objects.bulk_create(
        changed.values(), update_conflicts=True, unique_fields=["id"], update_fields=["balance", "balance_at"]
    )


def pay_debts(member: Member) -> None:
    """What came in pays what is owed, the oldest first."""
    mine = LedgerEntry.objects.for_merchant(member.merchant).filter(member=member, points__lt=0)
    taken = mine.annotate(taken=Coalesce(Sum("allocations__points"), 0)).filter(taken__lt=-F("points"))
    debts = {each.pk: each for each in taken.order_by("pk")}
    lots = lots_of(member)
    owed = [Owed(pk, -each.points - each.taken) for pk, each in debts.items()]
    by_key = {each.pk: each for each in lots}
    paid = ledger.pay(owed, held(lots))
    _allocate(member.merchant, [(debts[debt.key], by_key[part.lot], part) for debt, part in paid])


def known_causes(merchant: Merchant, causes: Collection[str]) -> set[str]:
    """Those of the causes that have led to an entry."""
    mine = LedgerEntry.objects.for_merchant(merchant).filter(cause__in=causes)
    return set(mine.values_list("cause", flat=True))


def lots_by_key(merchant: Merchant, keys: Collection[int]) -> list[Lot]:
    """Lots by their keys, empty ones too."""
    return list(Lot.objects.for_merchant(merchant).filter(Among(F("pk"), keys)).order_by("pk"))
