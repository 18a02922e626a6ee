"""`python -m benchmarks.ways.loyalty [count] WAY MOST`: the night of points that run out, by the product, or member by member
through the ORM; the proof of the ledger; orders that earn points, or none. MOST members or orders, where they are taken one by
one; or in how many statements.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.load import order  # noqa: E402
from benchmarks.processes import take_part  # noqa: E402
from integrations import history, sources, wake  # noqa: E402
from integrations.catalog import catalog  # noqa: E402
from integrations.models import Connection, Delivery, Event, Merchant  # noqa: E402
from loyalty import days, nights, verification  # noqa: E402
from loyalty.facts import PointsExpired, RunOut  # noqa: E402
from loyalty.models import Allocation, LedgerEntry, Lot, Member, PointSource, Programme  # noqa: E402
from tracking.business_time import begin_of  # noqa: E402

MERCHANTS = 10
"""A tenth of the shoppers are the first merchant's: those with numbers that end with 0."""

METRIC = "points_expired"


def night(_most: int) -> int:
    """Ours: all merchants' nights."""
    assert nights.work(at=timezone.now(), seconds=3_600)
    return Event.objects.filter(metric=METRIC).count()


def loop(most: int) -> int:
    """What one would write first: each member is locked, changed and saved, with all that is kept and told of it."""
    done = 0
    metric = catalog.metrics[METRIC]
    for merchant in Merchant.objects.all():
        account, now = Connection.objects.get(merchant=merchant), timezone.now()
        today = days.local_date(now, merchant.timezone)
        midnight = begin_of(today, merchant.timezone)
        due = Lot.objects.for_merchant(merchant).filter(remaining__gt=0, expires_at__lte=midnight)
        for key in list(due.values_list("member", flat=True).distinct()[: most - done]):
            with transaction.atomic():
                locked = Member.objects.select_for_update(of=("self",)).select_related("customer")
                member = locked.get(pk=key)
                member.merchant = merchant
                lots = list(due.filter(member=member))
                points = sum(each.remaining for each in lots)
                member.balance, member.balance_at = member.balance - points, now
                entry = LedgerEntry.objects.create(
                    merchant=merchant,
                    member=member,
                    points=-points,
                    balance_after=member.balance,
                    source=PointSource.EXPIRY,
                    cause=f"expiry:{key}:{today}",
                    effective_at=midnight,
                    recorded_at=now,
                )
                ran_out = [RunOut(points=each.remaining, added_at=each.effective_at) for each in lots]
                for each in lots:
                    Allocation.objects.create(merchant=merchant, entry=entry, lot=each, points=each.remaining)
                    each.remaining = 0
                    each.save()
                member.save()
                fact = PointsExpired.by(entry, day=today, lots=ran_out)
                draft = metric.draft(fact)
                event = Event.objects.create(
                    merchant=merchant,
                    metric=metric.key,
                    metric_name=metric.name_for(merchant),
                    customer=member.customer,
                    unique_id=draft.unique_id,
                    subject=fact.subject,
                    occurred_at=draft.occurred_at,
                    recorded_at=now,
                    properties=draft.properties,
                )
                Delivery.objects.create(
                    merchant=merchant,
                    event=event,
                    connection=account,
                    identifier=history.identifier_of(member.customer),
                    not_before=now,
                    window_at=now,
                    created_at=now,
                )
            done += 1
    return done


def verify(_most: int) -> int:
    """Everything is worked out anew from the entries."""
    assert verification.verify() == []
    return Lot.objects.count()


def orders(most: int) -> int:
    """Paid orders as the shop tells of them, each by a member, in a transaction of its own."""
    merchant = Merchant.objects.prefetch_related("connections").get(pk=1)
    shopify = sources.get("shopify")
    with wake.held():
        for number in range(1, most + 1):
            payload, at = json.loads(order(number * MERCHANTS)), timezone.now()
            with transaction.atomic():
                shopify.handle(merchant, "orders/create", payload, received_at=at, at=at)
    return most


def without(most: int) -> int:
    """The same where there is no programme yet."""
    return orders(most)


WAYS: dict[str, Callable[[int], int]] = {each.__name__: each for each in (night, loop, verify, orders, without)}


def prepare(way: str) -> None:
    """What is done before the clock starts."""
    if way == "without":
        Programme.objects.update(effective_at=timezone.now() + timedelta(days=1))


def count(way: str, most: int) -> None:
    """Print how many statements it takes."""
    statements = 0

    def counting(execute: Callable[..., object], *given: object) -> object:
        nonlocal statements
        statements += 1
        return execute(*given)

    with connection.execute_wrapper(counting):
        WAYS[way](most)
    print(statements)


if __name__ == "__main__":
    *counts, way, number = sys.argv[1:]
    prepare(way)
    count(way, int(number)) if counts else take_part(partial(WAYS[way], int(number)))
