"""Members and their points, made by the database itself: `python -m benchmarks.filling_loyalty LOTS DUE` fills the empty database
of DATABASE_URL with LOTS lots of ten merchants' members, four of each, of which DUE run out tonight, at most one of a member.

Every lot came with an order of its own; a fifth of the members have spent half a lot. Nobody is to be warned of anything.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

import django
from django.utils import timezone

from benchmarks.bare_tables import bare_tables
from benchmarks.filling import add_merchants, finish, insert

MERCHANTS = 10
LOTS_EACH = 4
POINTS, SPENT = 20, 10
BUYER = "5"
"""One of so many has spent points."""

MERCHANT = f"1 + n %% {MERCHANTS}"
PROGRAMME = f"(SELECT id FROM loyalty_programme WHERE merchant_id = {MERCHANT})"
HAS_SPENT = f"n %% {BUYER} = 0"
LOT = f"(n - 1) * {LOTS_EACH} + place"
ORDER = {"order_external_id": f"'8209829' || {LOT}", "order_number": f"'#' || {LOT}"}
"""SQL of the number `n` of a member, and of the `place` of a lot among theirs. A lot is numbered as its entry and its order."""

SPENT_OF = 2
"""The place of the lot that was spent of."""


def fill_loyalty(lots: int, due: int) -> None:
    """Ten merchants whose last night was yesterday's."""
    members = lots // LOTS_EACH
    add_merchants(MERCHANTS)
    midnight = begin_programmes(at=timezone.now())
    with bare_tables():
        add_members(members, midnight=midnight)
        add_lots(members, due=due, midnight=midnight)
        add_spending(members, after=lots, midnight=midnight)
    finish()


def begin_programmes(*, at: datetime) -> str:
    """Every merchant has a programme; returns the midnight before `at`, as SQL."""
    from integrations.models import Connection, Merchant
    from integrations.onboarding import metrics_of
    from loyalty import days
    from loyalty.models import LoyaltyClock
    from loyalty.services import programmes
    from tracking.business_time import begin_of

    Connection.objects.update(enabled_metrics=metrics_of(["order_tracking", "order_status", "loyalty"]))
    for merchant in Merchant.objects.all():
        programmes.change(merchant, by=None, at=at - timedelta(days=400))
        today = days.local_date(at, merchant.timezone)
        LoyaltyClock.objects.for_merchant(merchant).update(done_on=today - timedelta(days=1))
    return f"'{begin_of(today, merchant.timezone).isoformat()}'::timestamptz"


def add_members(count: int, *, midnight: str) -> None:
    """Customers numbered from 1 who have been members for most of a year, with the balance that their lots will add up to."""
    from integrations.models import Customer
    from loyalty.models import Member

    joined_at = f"{midnight} - interval '320 days'"
    insert(
        Customer,
        _every(count),
        id="n",
        merchant_id=MERCHANT,
        email="'shopper-' || n || '@mail.example'",
        first_name="'Ann'",
        last_name="'Shopper'",
        created_at=joined_at,
    )
    insert(
        Member,
        _every(count),
        id="n",
        merchant_id=MERCHANT,
        customer_id="n",
        source="'order'",
        status_at=joined_at,
        joined_at=joined_at,
        balance=f"{LOTS_EACH * POINTS} - CASE WHEN {HAS_SPENT} THEN {SPENT} ELSE 0 END",
        balance_at=midnight,
    )


def add_lots(members: int, *, due: int, midnight: str) -> None:
    """The lots of every member, each with its entry and its grant; the first lot of `due` members runs out at midnight."""
    from loyalty.models import Grant, LedgerEntry, Lot

    places = f"{_every(members)}, generate_series(1, {LOTS_EACH}) AS place"
    since = f"{midnight} - (n %% 300 + {LOTS_EACH} - place) * interval '1 day' - interval '1 hour'"
    insert(
        LedgerEntry,
        places,
        id=LOT,
        merchant_id=MERCHANT,
        member_id="n",
        points=str(POINTS),
        balance_after=f"place * {POINTS}",
        source="'purchase'",
        cause=f"'purchase:8209829' || {LOT}",
        effective_at=since,
        recorded_at=since,
        **ORDER,
    )
    insert(
        Lot,
        places,
        id=LOT,
        merchant_id=MERCHANT,
        member_id="n",
        entry_id=LOT,
        programme_id=PROGRAMME,
        points=str(POINTS),
        remaining=f"{POINTS} - CASE WHEN place = {SPENT_OF} AND {HAS_SPENT} THEN {SPENT} ELSE 0 END",
        effective_at=since,
        expires_at=f"{midnight} + CASE WHEN place = 1 AND n %% {members // due} = 0 THEN interval '0 days'"
        " ELSE (40 + n %% 300) * interval '1 day' END",
    )
    insert(
        Grant,
        places,
        id=LOT,
        merchant_id=MERCHANT,
        member_id="n",
        programme_id=PROGRAMME,
        entry_id=LOT,
        net_minor=str(POINTS * 100),
        points=str(POINTS),
        recorded_at=since,
        **ORDER,
    )


def add_spending(members: int, *, after: int, midnight: str) -> None:
    """An entry of everybody who has spent points, numbered `after` the lots' entries, and which lot it took them from."""
    from loyalty.models import Allocation, LedgerEntry

    spending = f"(SELECT n, {after} + n AS entry FROM {_every(members)} WHERE {HAS_SPENT}) AS spending"
    insert(
        LedgerEntry,
        spending,
        id="entry",
        merchant_id=MERCHANT,
        member_id="n",
        points=str(-SPENT),
        balance_after=str(LOTS_EACH * POINTS - SPENT),
        source="'reward_redemption'",
        cause="'redemption:' || n",
        effective_at=midnight,
        recorded_at=midnight,
    )
    insert(
        Allocation,
        spending,
        merchant_id=MERCHANT,
        entry_id="entry",
        lot_id=f"(n - 1) * {LOTS_EACH} + {SPENT_OF}",
        points=str(SPENT),
    )


def _every(members: int) -> str:
    return f"generate_series(1, {members}) AS n"


if __name__ == "__main__":
    django.setup()
    fill_loyalty(int(sys.argv[1]), int(sys.argv[2]))
