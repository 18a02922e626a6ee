"""Members and their points, made by the database itself: `python -m benchmarks.filling_loyalty LOTS DUE` fills the empty database
of DATABASE_URL with LOTS lots of ten merchants' members, four of each, of which DUE run out tonight, at most one of a member.

Every lot came with an order of its own; a fifth of the members have spent half a lot. Nobody is to be warned of anything.
"""

from __future__ import annotations

import sys
from datetime import timedelta

import django
from django.utils import timezone

from benchmarks.bare_tables import bare_tables
from benchmarks.filling import add_merchants, finish, insert

MERCHANTS = 10
LOTS_EACH = 4
POINTS, SPENT = 20, 10
BUYER = "5"
"""One of so many has spent points."""


def fill_loyalty(lots: int, due: int) -> None:
    """Ten merchants whose last night was yesterday's."""
    from integrations.models import Connection, Customer, Merchant
    from integrations.onboarding import metrics_of
    from loyalty import days
    from loyalty.models import Allocation, Grant, LedgerEntry, Lot, LoyaltyClock, Member
    from loyalty.services import programmes
    from tracking.business_time import begin_of

    now = timezone.now()
    add_merchants(MERCHANTS)
    Connection.objects.update(enabled_metrics=metrics_of(["order_tracking", "order_status", "loyalty"]))
    for merchant in Merchant.objects.all():
        programmes.change(merchant, by=None, at=now - timedelta(days=400))
        today = days.local_date(now, merchant.timezone)
        LoyaltyClock.objects.for_merchant(merchant).update(done_on=today - timedelta(days=1))
    midnight = f"'{begin_of(today, merchant.timezone).isoformat()}'::timestamptz"
    members = lots // LOTS_EACH
    has_spent = f"n %% {BUYER} = 0"
    every = f"generate_series(1, {members}) AS n"
    places = f"{every}, generate_series(1, {LOTS_EACH}) AS place"
    key, merchant_id = f"(n - 1) * {LOTS_EACH} + place", f"1 + n %% {MERCHANTS}"
    since = f"{midnight} - (n %% 300 + {LOTS_EACH} - place) * interval '1 day' - interval '1 hour'"
    order = {"order_external_id": f"'8209829' || {key}", "order_number": f"'#' || {key}"}
    with bare_tables():
        insert(
            Customer,
            every,
            id="n",
            merchant_id=merchant_id,
            email="'shopper-' || n || '@mail.example'",
            first_name="'Ann'",
            last_name="'Shopper'",
            created_at=f"{midnight} - interval '320 days'",
        )
        insert(
            Member,
            every,
            id="n",
            merchant_id=merchant_id,
            customer_id="n",
            source="'order'",
            status_at=f"{midnight} - interval '320 days'",
            joined_at=f"{midnight} - interval '320 days'",
            balance=f"{LOTS_EACH * POINTS} - CASE WHEN {has_spent} THEN {SPENT} ELSE 0 END",
            balance_at=midnight,
        )
        insert(
            LedgerEntry,
            places,
            id=key,
            merchant_id=merchant_id,
            member_id="n",
            points=str(POINTS),
            balance_after=f"place * {POINTS}",
            source="'purchase'",
            cause=f"'purchase:8209829' || {key}",
            effective_at=since,
            recorded_at=since,
            **order,
        )
        insert(
            Lot,
            places,
            id=key,
            merchant_id=merchant_id,
            member_id="n",
            entry_id=key,
            programme_id=f"(SELECT id FROM loyalty_programme WHERE merchant_id = {merchant_id})",
            points=str(POINTS),
            remaining=f"{POINTS} - CASE WHEN place = 2 AND {has_spent} THEN {SPENT} ELSE 0 END",
            effective_at=since,
            expires_at=f"{midnight} + CASE WHEN place = 1 AND n %% {members // due} = 0 THEN interval '0 days'"
            " ELSE (40 + n %% 300) * interval '1 day' END",
        )
        insert(
            Grant,
            places,
            id=key,
            merchant_id=merchant_id,
            member_id="n",
            programme_id=f"(SELECT id FROM loyalty_programme WHERE merchant_id = {merchant_id})",
            entry_id=key,
            net_minor=str(POINTS * 100),
            points=str(POINTS),
            recorded_at=since,
            **order,
        )
        spending = f"(SELECT n, {lots} + n AS entry FROM {every} WHERE {has_spent}) AS spending"
        insert(
            LedgerEntry,
            spending,
            id="entry",
            merchant_id=merchant_id,
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
            merchant_id=merchant_id,
            entry_id="entry",
            lot_id=f"(n - 1) * {LOTS_EACH} + 2",
            points=str(SPENT),
        )
    finish()


if __name__ == "__main__":
    django.setup()
    fill_loyalty(int(sys.argv[1]), int(sys.argv[2]))
