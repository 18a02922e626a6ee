"""Members: their list, how one of them stands, where the points came from and where they lie."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.http import HttpResponseBase

from integrations import customers
from integrations.api import cursors, parameters, rendering
from integrations.api.cursors import ASCENDING, DESCENDING
from integrations.api.customers import FILTERS as PERSON
from integrations.api.endpoint import Call, Endpoint, operation
from loyalty.api import bodies, examples, rows, schemas, writing
from loyalty.models import LedgerEntry, Lot, Member, Tier

CUSTOMER = parameters.identifier("customer_id", "The customer with this id.")
TIER = parameters.text("tier", "Who hold the tier with this key.", example="gold", longest=40)
ORDER = parameters.choice(
    "order", "By the time of joining: newest first, or oldest first.", (DESCENDING, ASCENDING), default=DESCENDING
)
BY_TIME = parameters.choice("order", "Newest first, or oldest first.", (DESCENDING, ASCENDING), default=DESCENDING)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Behind every instant at which points run out."""


class Members(Endpoint):
    """`/members`"""

    @operation(
        id="list_members",
        tag="Loyalty",
        scope="loyalty:read",
        summary="List members",
        parameters=(CUSTOMER, *PERSON, TIER, ORDER, parameters.CURSOR, parameters.LIMIT),
        answer=schemas.MemberPage,
        example={"items": [examples.MEMBER], "next": "AAAGRn…", "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call) -> HttpResponseBase:
        """Members, the newest first. `customer_id`, `email`, `phone` or `external_id` (of the shop) find one."""
        values = call.parameters
        found = Member.objects.for_merchant(call.merchant)
        if values[CUSTOMER.name] is not None:
            found = found.filter(customer=values[CUSTOMER.name])
        person = {each.name: values[each.name] or "" for each in PERSON}
        if any(person.values()):
            found = found.filter(customer__in=customers.matching(call.merchant, **person).values("pk"))
        if values[TIER.name] is not None:
            tier = Tier.objects.for_merchant(call.merchant).filter(key=values[TIER.name]).first()
            found = found.filter(tier=tier) if tier else found.none()
        page = cursors.page_of_queryset(found.select_related("tier"), values, name="members", time="joined_at")
        return rendering.answer(page.as_data(rows.member))


class MemberDetail(Endpoint):
    """`/members/{customer_id}`"""

    @operation(
        id="get_member",
        tag="Loyalty",
        scope="loyalty:read",
        summary="Get a member",
        answer=schemas.WholeMember,
        example=examples.WHOLE_MEMBER,
    )
    def get(self, call: Call, key: int) -> HttpResponseBase:
        """What a member has, what is pending, what runs out next, and the way to the next tier."""
        row = writing.member_of(call.merchant, key)
        return rendering.answer(rows.whole_member(call.merchant, row, at=call.at))


class MemberLedger(Endpoint):
    """`/members/{customer_id}/ledger`"""

    @operation(
        id="list_ledger_entries",
        tag="Loyalty",
        scope="loyalty:read",
        summary="List the ledger of a member",
        parameters=(BY_TIME, parameters.CURSOR, parameters.LIMIT),
        answer=schemas.LedgerEntryPage,
        example={"items": [examples.ENTRY], "next": "AAAGRn…", "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call, key: int) -> HttpResponseBase:
        """Every entry, the newest first. Together they are the balance."""
        row = writing.member_of(call.merchant, key)
        mine = LedgerEntry.objects.for_merchant(call.merchant).filter(member=row)
        page = cursors.page_of_queryset(mine, call.parameters, name=f"ledger of {row.pk}", time="recorded_at")
        return rendering.answer(page.as_data(rows.entry))


class MemberLots(Endpoint):
    """`/members/{customer_id}/lots`"""

    @operation(
        id="list_lots",
        tag="Loyalty",
        scope="loyalty:read",
        summary="List the lots of a member",
        parameters=(parameters.CURSOR, parameters.LIMIT),
        answer=schemas.LotPage,
        example={"items": [examples.LOT], "next": None, "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call, key: int) -> HttpResponseBase:
        """The points that there are, by when they run out: what does first is spent first."""
        row = writing.member_of(call.merchant, key)
        mine = Lot.objects.for_merchant(call.merchant).filter(member=row, remaining__gt=0)
        by_end = mine.annotate(ends_at=Coalesce("expires_at", Value(NEVER)))
        values = {**call.parameters, "order": ASCENDING}
        page = cursors.page_of_queryset(by_end, values, name=f"lots of {row.pk}", time="ends_at")
        return rendering.answer(page.as_data(rows.lot))


class MemberBirthMonth(Endpoint):
    """`/members/{customer_id}/birth-month`"""

    @operation(
        id="capture_birth_month",
        tag="Loyalty",
        scope="loyalty:write",
        summary="Tell a member's birth month",
        body=bodies.BirthMonth,
        body_example=examples.BIRTH_MONTH,
        answer=schemas.WholeMember,
        example=examples.WHOLE_MEMBER,
    )
    def post(self, call: Call, key: int) -> HttpResponseBase:
        """The month in which the member was born, or that it is another one than was said. A repeat is harmless."""
        return rendering.answer(writing.birth_month(call, key))


class MemberTier(Endpoint):
    """`/members/{customer_id}/tier`"""

    @operation(
        id="assign_tier",
        tag="Loyalty",
        scope="loyalty:write",
        summary="Put a member into a tier",
        body=bodies.TierByHand,
        body_example=examples.NEW_TIER,
        answer=schemas.Transition,
        example=examples.TRANSITION,
        status=201,
        also=(200,),
        problems=("conflict",),
    )
    def post(self, call: Call, key: int) -> HttpResponseBase:
        """By hand, to the end of the day `until` in the merchant's time zone; then what was spent decides. It may be a lower tier
        than is held.
        """
        status, told = writing.tier(call, key)
        return rendering.answer(told, status)
