"""Whether the ledger adds up: everything that is kept beside its entries is worked out anew from them, and compared.

Each check is one statement over all of a merchant's rows, and gives those that differ only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField, F, OuterRef, QuerySet, Subquery, Sum, Value, Window
from django.db.models.functions import Coalesce

from integrations.models import Merchant
from loyalty.models import Allocation, Grant, LedgerEntry, Lot, Member, PointSource, TierTransition


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is kept, and what the entries say that it must be. `key` is the row's: a member's, a lot's, an entry's."""

    merchant: str
    member: int
    customer: int
    what: str
    key: int
    kept: int
    expected: int


Found = Iterator[tuple[int, int, int, int]]
"""(member, key, what is kept, what is expected)."""


def verify(merchant: Merchant | None = None) -> list[Difference]:
    """What does not add up, of one merchant or of all: nothing, if all is well."""
    mine = Merchant.objects.order_by("pk") if merchant is None else Merchant.objects.filter(pk=merchant.pk)
    return [difference for each in mine for difference in _verify(each)]


@transaction.atomic
def _verify(merchant: Merchant) -> list[Difference]:
    found = [(what, row) for what, check in CHECKS.items() for row in check(merchant)]
    members = Member.objects.for_merchant(merchant).filter(pk__in={row[0] for _, row in found})
    customers = dict(members.values_list("pk", "customer"))
    return [
        Difference(merchant.public_id, member, customers.get(member, 0), what, key, kept, expected)
        for what, (member, key, kept, expected) in found
    ]


def _sum(rows: QuerySet[Any], by: str, of: str, column: str = "points") -> Coalesce:
    """The sum of a column over the rows that point, by that field, to the row of the outer query."""
    mine = rows.filter(**{by: OuterRef(of)}).order_by().values(by)
    return Coalesce(Subquery(mine.annotate(total=Sum(column)).values("total")), Value(0))


def _balances(merchant: Merchant) -> Found:
    """A member's balance is the sum of their entries."""
    entries = LedgerEntry.objects.for_merchant(merchant)
    members = Member.objects.for_merchant(merchant).annotate(expected=_sum(entries, "member", "pk"))
    return _rows(members.exclude(balance=F("expected")), "pk", "pk", "balance")


def _in_lots(merchant: Merchant) -> Found:
    """What is left in a member's lots is their balance; nothing, while they owe."""
    lots = Lot.objects.for_merchant(merchant).filter(remaining__gt=0)
    members = Member.objects.for_merchant(merchant).annotate(left=_sum(lots, "member", "pk", "remaining"))
    for pk, balance, left in members.values_list("pk", "balance", "left").exclude(balance=F("left")):
        if left != max(balance, 0):
            yield pk, pk, left, max(balance, 0)


def _lots(merchant: Merchant) -> Found:
    """What is left in a lot is what came in less what entries took."""
    taken = _sum(Allocation.objects.for_merchant(merchant), "lot", "pk")
    lots = Lot.objects.for_merchant(merchant).annotate(expected=F("points") - taken)
    return _rows(lots.exclude(remaining=F("expected")), "member", "pk", "remaining")


def _added(merchant: Merchant) -> Found:
    """What an entry added lies in lots that came with it, or was given back to lots."""
    new = _sum(Lot.objects.for_merchant(merchant), "entry", "pk")
    given_back = _sum(Allocation.objects.for_merchant(merchant), "entry", "pk")
    entries = LedgerEntry.objects.for_merchant(merchant).filter(points__gt=0).annotate(placed=new - given_back)
    return _rows(entries.exclude(points=F("placed")), "member", "pk", "placed", "points")


def _owed(merchant: Merchant) -> Found:
    """What a member's entries subtracted and took from no lot is what they owe: nothing, while their balance is not below 0."""
    taken = _sum(Allocation.objects.for_merchant(merchant), "entry", "pk")
    subtracting = LedgerEntry.objects.for_merchant(merchant).filter(points__lt=0).annotate(taken=taken)
    by_member = subtracting.values("member", "member__balance").annotate(owed=Sum(-F("points") - F("taken")))
    for row in by_member.exclude(owed=0, member__balance__gte=0).order_by("member"):
        expected = max(-row["member__balance"], 0)
        if row["owed"] != expected:
            yield row["member"], row["member"], row["owed"], expected


def _taken(merchant: Merchant) -> Found:
    """No entry took more from lots than it subtracted."""
    taken = _sum(Allocation.objects.for_merchant(merchant), "entry", "pk")
    entries = LedgerEntry.objects.for_merchant(merchant).filter(points__lt=0).annotate(taken=taken, most=-F("points"))
    return _rows(entries.filter(taken__gt=F("most")), "member", "pk", "taken", "most")


def _running(merchant: Merchant) -> Found:
    """The balance that each entry tells is that of the entries up to it."""
    running = Window(Sum("points"), partition_by="member", order_by="id")
    entries = LedgerEntry.objects.for_merchant(merchant).annotate(expected=running)
    return _rows(entries.exclude(balance_after=F("expected")), "member", "pk", "balance_after")


def _grants(merchant: Merchant) -> Found:
    """What an order's points became is what was granted less what was taken back."""
    # By member too: there is an index for that.
    refunds = LedgerEntry.objects.for_merchant(merchant).filter(
        source=PointSource.ORDER_REFUND, member=OuterRef("member")
    )
    taken_back = _sum(refunds, "order_external_id", "order_external_id")
    posted = Grant.objects.for_merchant(merchant).exclude(entry=None)
    grants = posted.annotate(left_over=F("points") - F("reversed_points"), expected=F("entry__points") + taken_back)
    return _rows(grants.exclude(left_over=F("expected")), "member", "pk", "left_over")


def _tiers(merchant: Merchant) -> Found:
    """The tier that a member holds is the one that the last transition led to; 0 stands for none."""
    transitions = TierTransition.objects.for_merchant(merchant).filter(member=OuterRef("pk")).order_by("-id")
    last = Subquery(transitions.values("to_tier")[:1])
    key = BigIntegerField()
    members = Member.objects.for_merchant(merchant).annotate(
        held=Coalesce("tier", Value(0), output_field=key), expected=Coalesce(last, Value(0), output_field=key)
    )
    return _rows(members.exclude(held=F("expected")), "pk", "pk", "held")


def _rows(rows: QuerySet[Any], member: str, key: str, kept: str, expected: str = "expected") -> Found:
    return iter(rows.order_by("pk").values_list(member, key, kept, expected))


CHECKS: dict[str, Callable[[Merchant], Found]] = {
    "balance": _balances,
    "points in lots": _in_lots,
    "left in a lot": _lots,
    "added by an entry": _added,
    "owed": _owed,
    "taken by an entry": _taken,
    "balance after an entry": _running,
    "points of an order": _grants,
    "tier held": _tiers,
}
"""What is compared, and how each is called."""
