"""Ways of writing the same history: `python -m benchmarks.ways.history WAY EVENTS`, one event with its delivery at a time or
a thousand in each transaction.

Every way makes the events of facts by the same metric. Orders and their lines are read before the clock starts, but for
`webhooks`, which takes in whole orders: two events each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.load import order  # noqa: E402
from benchmarks.processes import take_part  # noqa: E402
from integrations import history, sources, wake  # noqa: E402
from integrations.catalog import Metric, catalog  # noqa: E402
from integrations.models import Connection, Delivery, Event, Merchant  # noqa: E402
from tracking.dossier import Dossier  # noqa: E402
from tracking.facts import OrderPlaced  # noqa: E402
from tracking.models import Order, OrderLine  # noqa: E402

TOGETHER = 1_000
METRIC = "shopify_order_created"
INSERT_EVENTS = """
    INSERT INTO integrations_event (id, merchant_id, metric, metric_name, customer_id, unique_id, subject, order_number,
        tracking_number, occurred_at, recorded_at, value_currency, properties)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '', %s, %s, '', %s) ON CONFLICT (merchant_id, metric, unique_id) DO NOTHING
"""
INSERT_DELIVERIES = """
    INSERT INTO integrations_delivery (event_id, merchant_id, connection_id, identifier, not_before, window_at, created_at, state,
        reason, is_backfill, is_ambiguous, attempts, claim, error)
    VALUES (%s, %s, %s, %s, %s, %s, %s, 'pending', '', false, false, 0, 0, '')
"""


def placed(count: int) -> list[OrderPlaced]:
    """A fact about each of the first orders, with two lines."""
    orders = Order.objects.select_related("merchant", "customer").order_by("id")[:count]
    merchants = {merchant.pk: merchant for merchant in Merchant.objects.prefetch_related("connections")}
    facts = []
    for each in orders:
        each.merchant = merchants[each.merchant_id]
        lines = [
            OrderLine(
                external_id=str(place), product_name=name, sku=name, quantity=1, ordered=1, price=Decimal("54.00")
            )
            for place, name in enumerate(("Wool jumper", "Socks"))
        ]
        facts.append(OrderPlaced.of(Dossier(each, lines, []), each.placed_at))
    return facts


def together(facts: Sequence[OrderPlaced]) -> Iterator[Sequence[OrderPlaced]]:
    """A thousand at a time."""
    return (facts[start : start + TOGETHER] for start in range(0, len(facts), TOGETHER))


def by_webhooks(count: int) -> Callable[[], int]:
    """Ours, as webhooks come: an order in each transaction, with its customer and lines."""
    merchant = Merchant.objects.get()
    payloads = [json.loads(order(number)) for number in range(1, count // 2 + 1)]
    shopify = sources.get("shopify")

    def work() -> int:
        with wake.held():
            for payload in payloads:
                at = timezone.now()
                with transaction.atomic():
                    shopify.handle(merchant, "orders/create", payload, received_at=at, at=at)
        return 2 * len(payloads)

    return work


def by_announce(count: int) -> Callable[[], int]:
    """Ours in bulk: `history.announce`."""
    facts = placed(count)

    def work() -> int:
        written = 0
        for some in together(facts):
            with wake.held(), transaction.atomic():
                written += len(history.announce(*some, at=timezone.now()))
        return written

    return work


def by_save(count: int) -> Callable[[], int]:
    """The ORM, row by row, without transactions."""
    facts = placed(count)
    account, metric = Connection.objects.get(), catalog.metrics[METRIC]

    def work() -> int:
        for fact in facts:
            at = timezone.now()
            draft = metric.draft(fact)
            event = Event.objects.create(
                merchant=fact.merchant,
                metric=metric.key,
                metric_name=metric.name_for(fact.merchant),
                customer=fact.customer,
                unique_id=draft.unique_id,
                subject=fact.subject,
                order_number=fact.order_number,
                occurred_at=draft.occurred_at,
                recorded_at=at,
                properties=draft.properties,
            )
            Delivery.objects.create(
                merchant=fact.merchant,
                event=event,
                connection=account,
                identifier=history.identifier_of(fact.customer),
                not_before=at,
                window_at=at,
                created_at=at,
            )
        return len(facts)

    return work


def by_executemany(count: int) -> Callable[[], int]:
    """psycopg, a thousand rows in each call, the keys drawn beforehand."""
    facts = placed(count)
    account, metric = Connection.objects.get(), catalog.metrics[METRIC]

    def work() -> int:
        for some in together(facts):
            at = timezone.now()
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT nextval('integrations_event_id_seq') FROM generate_series(1, %s)", [len(some)])
                keys = [key for (key,) in cursor.fetchall()]
                cursor.executemany(INSERT_EVENTS, [_event(*pair, metric, at) for pair in zip(keys, some, strict=True)])
                cursor.executemany(
                    INSERT_DELIVERIES,
                    [
                        (key, fact.merchant.pk, account.pk, history.identifier_of(fact.customer), at, at, at)
                        for key, fact in zip(keys, some, strict=True)
                    ],
                )
        return len(facts)

    return work


def _event(key: int, fact: OrderPlaced, metric: Metric[Any], at: datetime) -> list[Any]:
    draft = metric.draft(fact)
    return [
        key,
        fact.merchant.pk,
        metric.key,
        metric.name_for(fact.merchant),
        fact.customer.pk if fact.customer else None,
        draft.unique_id,
        fact.subject,
        fact.order_number,
        draft.occurred_at,
        at,
        json.dumps(draft.properties),
    ]


WAYS = {"webhooks": by_webhooks, "announce": by_announce, "save": by_save, "executemany": by_executemany}

if __name__ == "__main__":
    take_part(WAYS[sys.argv[1]](int(sys.argv[2])))
