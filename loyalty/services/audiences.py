"""Whom a campaign is for: members who fit a filter, or the customers of a file. A few statements for any number of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from integrations.customers import SHOP
from integrations.models import Customer, CustomerExternalId, Merchant
from integrations.statements import Among
from loyalty.campaign_file import Line, Sheet
from loyalty.models import Member, Tier
from loyalty.services import spending
from tracking.business_time import begin_of
from tracking.models import Order

CHUNK = 1_000
"""Lines of a file that are looked up at once."""

MOST_LINES_NAMED = 100
"""Of the lines that lead to nobody so many are kept for each reason."""

UNKNOWN, NO_MEMBER, SEVERAL, REPEATED = "unknown", "no_member", "several", "repeated"
LEFT_OUT = {
    UNKNOWN: "nobody is known by that",
    NO_MEMBER: "the customer is no member",
    SEVERAL: "it leads to several customers",
    REPEATED: "the member is named before",
}
"""Why a line leads to nobody, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A filter: whoever fits all of it that is said. Nothing said: all members.

    `tiers` are keys of tiers. Days are the merchant's, and begin at its midnight. A purchase is an order that is neither
    cancelled nor a test. `spent_least` is what was spent in 365 days, in the merchant's currency.
    """

    tiers: Sequence[int] = ()
    status: str = ""
    joined_since: date | None = None
    joined_before: date | None = None
    balance_least: int | None = None
    balance_most: int | None = None
    bought_since: date | None = None
    not_bought_since: date | None = None
    birth_month: int | None = None
    spent_least: Decimal | None = None

    def stored(self) -> dict[str, Any]:
        """As JSON can hold it, without what is not said."""
        said = {name: value for name, value in asdict(self).items() if value not in (None, "", ())}
        return {name: str(each) if isinstance(each, date | Decimal) else each for name, each in said.items()}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Wanted:
        """What `stored` wrote."""
        kinds = {each.name: str(each.type) for each in fields(cls)}
        return cls(**{name: _read(kinds[name], value) for name, value in stored.items()})


def _read(kind: str, value: Any) -> Any:
    if kind.startswith("date"):
        return date.fromisoformat(value)
    return Decimal(value) if kind.startswith("Decimal") else value


def chosen(merchant: Merchant, wanted: Wanted, *, at: datetime) -> QuerySet[Member]:
    """The members who fit by now; nobody who was erased."""
    mine: QuerySet[Member] = Member.objects.for_merchant(merchant)
    found = mine.filter(customer__status=Customer.Status.ACTIVE)
    columns = {
        "tier__in": wanted.tiers,
        "status": wanted.status,
        "joined_at__gte": _midnight(merchant, wanted.joined_since),
        "joined_at__lt": _midnight(merchant, wanted.joined_before),
        "balance__gte": wanted.balance_least,
        "balance__lte": wanted.balance_most,
        "birth_month": wanted.birth_month,
    }
    found = found.filter(**{name: value for name, value in columns.items() if value not in (None, "", (), [])})
    if wanted.bought_since:
        found = found.filter(_bought(merchant, wanted.bought_since))
    if wanted.not_bought_since:
        found = found.filter(~_bought(merchant, wanted.not_bought_since))
    if wanted.spent_least is not None:
        found = found.filter(customer__in=spending.of_at_least(merchant, wanted.spent_least, at=at))
    return found


def described(merchant: Merchant, wanted: Wanted) -> list[str]:
    """A filter for people, a text for each thing that it says."""
    tiers = Tier.objects.for_merchant(merchant).filter(pk__in=wanted.tiers).order_by("position", "pk")
    said = {
        "tier {}": " or ".join(each.name for each in tiers) if wanted.tiers else None,
        "{}": Member.Status(wanted.status).label.lower() if wanted.status else None,
        "member since {} or later": wanted.joined_since,
        "member before {}": wanted.joined_before,
        "at least {} points": wanted.balance_least,
        "at most {} points": wanted.balance_most,
        "bought on {} or later": wanted.bought_since,
        "bought nothing on {} or later": wanted.not_bought_since,
        "born in month {}": wanted.birth_month,
        f"spent at least {{}} {merchant.currency} in 365 days": wanted.spent_least,
    }
    return [text.format(value) for text, value in said.items() if value is not None]


@dataclass(frozen=True, slots=True)
class Matched:
    """The members that a file leads to, with the points that it says; and the lines that lead to nobody: why -> their numbers."""

    points: Mapping[int, int | None]
    left_out: Mapping[str, Sequence[int]]

    def told(self) -> dict[str, dict[str, Any]]:
        """The lines that lead to nobody, as JSON: how many, and the first of them."""
        return {
            why: {"count": len(numbers), "lines": list(numbers[:MOST_LINES_NAMED])}
            for why, numbers in self.left_out.items()
        }


def matched(merchant: Merchant, sheet: Sheet) -> Matched:
    """Who is meant by a file. Of two lines that lead to one member the first counts; nobody is made a customer, or a member."""
    points: dict[int, int | None] = {}
    left_out: dict[str, list[int]] = defaultdict(list)
    for chunk in _chunks(sheet.lines):
        customers = _customers(merchant, sheet.column, [each.key for each in chunk])
        members = _members(merchant, {each for found in customers.values() for each in found})
        for line in chunk:
            found = customers.get(line.key, set())
            mine = {members[each] for each in found if each in members}
            if len(mine) == 1 and not (mine & points.keys()):
                points[mine.pop()] = line.points
            else:
                left_out[_why_not(found, mine)].append(line.number)
    return Matched(points, left_out)


def _why_not(customers: set[int], members: set[int]) -> str:
    if len(members) > 1:
        return SEVERAL
    return REPEATED if members else NO_MEMBER if customers else UNKNOWN


def _customers(merchant: Merchant, column: str, keys: Sequence[str]) -> Mapping[str, set[int]]:
    """What customers are known by -> who they are by now: who was merged into another is that one."""
    if column == "customer_id":
        links = CustomerExternalId.objects.for_merchant(merchant).filter(source=SHOP, external_id__in=keys)
        pairs: Iterable[tuple[str, int]] = links.values_list(
            "external_id", Coalesce("customer__merged_into", "customer")
        )
    else:
        known = Customer.objects.for_merchant(merchant).exclude(**{column: ""}).filter(**{f"{column}__in": keys})
        pairs = known.values_list(column, Coalesce("merged_into", "pk"))
    found: dict[str, set[int]] = defaultdict(set)
    for key, customer in pairs:
        found[key].add(customer)
    return found


def _members(merchant: Merchant, customers: Iterable[int]) -> Mapping[int, int]:
    mine = Member.objects.for_merchant(merchant).filter(Among(F("customer_id"), customers))
    return dict(mine.values_list("customer", "pk"))


def _bought(merchant: Merchant, since: date) -> Exists:
    orders = Order.objects.for_merchant(merchant).filter(
        customer=OuterRef("customer"), is_test=False, cancelled_at=None
    )
    return Exists(orders.filter(placed_at__gte=_midnight(merchant, since)))


def _midnight(merchant: Merchant, day: date | None) -> datetime | None:
    return begin_of(day, merchant.timezone) if day else None


def _chunks(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    for start in range(0, len(lines), CHUNK):
        yield lines[start : start + CHUNK]
