"""Reading the history of a period: the database sorts everything by how long it stood still, and hands over what may be flagged.

One statement measures every order or parcel of the period, by the hours that count under both settings. What comes near a
limit is named, the rest is counted. A second one reads what is named, for `tracking.preview.judging` to look at closely.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q

from integrations.models import Merchant
from integrations.statements import Among
from tracking import models, statuses
from tracking.business_time import SECONDS_OF_AN_HOUR
from tracking.preview.counting import Counted, Epoch, epoch
from tracking.preview.judging import DAY, MOST_DAYS, Judge, Order, Parcel, stretches

LONGEST_WAY = timedelta(days=90)
"""A parcel's last sign of life is looked for until so long after its order was placed; for one of a pre-order too."""

ENDED = (
    "CASE WHEN cancelled_at < shipped_at THEN cancelled_at ELSE coalesce(shipped_at, cancelled_at, delivered_at) END"
)

ORDERS = """
    stretches AS (
        SELECT id, {since} AS since, coalesce({until}, %(at)s) AS until, shipped_at IS NULL AS is_doubtful
        FROM tracking_order
        WHERE merchant_id = %(merchant)s AND placed_at >= %(reach)s AND NOT is_test
    ), measured AS (
        SELECT id, is_doubtful, {seconds} AS seconds, {seconds_today} AS seconds_today
        FROM stretches WHERE until > since AND until > %(start)s
    )
"""
"""How long each order waited. Whether one that was never shipped holds anything to be shipped is asked later: it is doubtful."""

PARCELS = """
    watched AS (
        SELECT s.id, {shipped} AS shipped_at, {last} AS last_at,
            CASE WHEN s.status IN {terminal} THEN s.status_at END AS over_at
        FROM tracking_order o JOIN tracking_shipment s ON s.order_id = o.id
        WHERE o.merchant_id = %(merchant)s AND s.merchant_id = %(merchant)s AND o.placed_at >= %(reach)s AND NOT o.is_test
          AND (s.status NOT IN {terminal} OR s.status_at > %(start_as_stored)s)
    ), gaps AS (
        SELECT w.id, w.shipped_at, {scanned} AS until,
            lead({scanned}, 1, w.shipped_at) OVER (PARTITION BY w.id ORDER BY c.occurred_at DESC) AS since
        FROM watched w JOIN tracking_scan c ON c.merchant_id = %(merchant)s AND c.shipment_id = w.id
        WHERE w.over_at IS NULL OR c.occurred_at <= w.over_at
    ), still_open AS (
        SELECT id, last_at AS since, %(at)s AS until FROM watched WHERE over_at IS NULL
    ), longest AS (
        SELECT id, max({seconds}) AS seconds, max({seconds_today}) AS seconds_today
        FROM gaps WHERE until > since AND until > shipped_at AND until > %(start)s GROUP BY id
        UNION ALL
        SELECT id, {seconds}, {seconds_today} FROM still_open WHERE until > since
    ), measured AS (
        SELECT id, FALSE AS is_doubtful, max(seconds) AS seconds, max(seconds_today) AS seconds_today
        FROM longest GROUP BY id
    )
"""
"""The longest time without a scan of each parcel, of what ended within the period or did not end yet.

The scans are read from their index alone and in its order: a terminal status ends the watch, and when that was is known of the
parcel itself.
"""

COUNT = """
    WITH {measured}
    SELECT CASE WHEN is_doubtful OR seconds >= %(least)s OR seconds_today >= %(least_today)s THEN id END AS named,
        {bin} AS bin, count(*)
    FROM measured GROUP BY named, bin
"""
NEWEST = (
    "WITH {measured} SELECT id FROM measured WHERE {bin} BETWEEN %(first)s AND %(last)s ORDER BY id DESC LIMIT %(most)s"
)
MOST_BINS = 1_000_000
NEVER = float("1e18")
"""Seconds that are never over."""

MARGIN = 0.001
"""Seconds by which the database's sums may err. What it names too much is judged by the instants."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: how one merchant's history since `start` looks by two versions of the settings, the new one and today's."""

    merchant: Merchant
    new: Judge
    today: Judge
    start: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """How long things stood still. `counts` is bin -> how many that came near no limit; `named` is key -> bin of the others.

    Bin n holds what stood still for n to n + 1 times the width.
    """

    counts: Counter[int]
    named: dict[int, int]


def measured(asked: Asked, kind: str, *, width: int) -> Measured:
    """Measure all orders or parcels of the period, in bins of so many hours: one statement."""
    found = Measured(Counter(), {})
    statement, parameters = _statement(COUNT, asked, kind, width)
    for named, where, count in _run(statement, parameters):
        if named is None:
            found.counts[int(where)] += count
        else:
            found.named[named] = int(where)
    return found


def newest(asked: Asked, kind: str, *, width: int, first: int, last: int, most: int) -> list[int]:
    """The keys of the newest in some bins: one statement."""
    statement, parameters = _statement(NEWEST, asked, kind, width)
    return [key for (key,) in _run(statement, parameters | {"first": first, "last": last, "most": most})]


def orders(merchant: Merchant, keys: Collection[int]) -> Iterator[Order]:
    """What is known of orders, but for those of which nothing was shipped or is to be: one statement."""
    lines = models.OrderLine.objects.for_merchant(merchant).filter(order=OuterRef("pk"), requires_shipping=True)
    is_open = Q(shipped_at=None, cancelled_at=None)
    # Whoever cancels an order takes its units off it, too.
    holds = Q(Exists(lines.filter(quantity__gt=0))) | ~is_open & Q(Exists(lines.filter(ordered__gt=0)))
    rows = models.Order.objects.for_merchant(merchant).filter(Among(F("pk"), keys)).annotate(holds=holds)
    instants = (Epoch(name) for name in ("placed_at", "shipped_at", "cancelled_at", "delivered_at"))
    for pk, number, is_to_ship, placed_at, shipped_at, cancelled_at, delivered_at in rows.values_list(
        "pk", "number", "holds", *instants
    ):
        ends = [each for each in (shipped_at, cancelled_at) if each is not None]
        if is_to_ship or shipped_at is not None:
            yield Order(pk, number, is_to_ship, placed_at, min(ends) if ends else delivered_at)


def parcels(merchant: Merchant, keys: Collection[int]) -> Iterator[Parcel]:
    """What is known of parcels: two statements."""
    told = models.Scan.objects.for_merchant(merchant).filter(Among(F("shipment_id"), keys))
    in_order = told.order_by("shipment_id", "occurred_at", "pk").values_list(
        "shipment_id", Epoch("occurred_at"), "status"
    )
    scans: dict[int, list[tuple[float, str]]] = defaultdict(list)
    for shipment, moment, status in in_order:
        scans[shipment].append((moment, status))
    rows = models.Shipment.objects.for_merchant(merchant).filter(Among(F("pk"), keys))
    for pk, order, order_number, number, carrier, country, country_of_order, shipped_at, status in rows.values_list(
        "pk",
        "order_id",
        "order__number",
        "tracking_number",
        "carrier",
        "destination_country",
        "order__destination_country",
        Epoch("shipped_at"),
        "status",
    ):
        still = tuple(stretches(shipped_at, scans[pk], is_over=status in statuses.TERMINAL))
        yield Parcel(pk, order, order_number, number, carrier, country or country_of_order, still)


def _statement(template: str, asked: Asked, kind: str, width: int) -> tuple[str, dict[str, Any]]:
    is_parcels = kind == "parcels"
    new, today = (
        each.windows_of_parcels if is_parcels else each.windows_of_orders for each in (asked.new, asked.today)
    )
    reach = min(
        (each.reach(asked.start, max(hours)) for each, hours in ((asked.new, new), (asked.today, today)) if hours),
        default=asked.start,
    )
    earliest = asked.start - MOST_DAYS * DAY
    counted = Counted("new", asked.merchant, asked.new.policy, earliest, asked.at)
    counted_today = Counted("today", asked.merchant, asked.today.policy, earliest, asked.at)
    least_today = min(today) * SECONDS_OF_AN_HOUR - MARGIN if today else NEVER
    stored = connection.ops.adapt_datetimefield_value
    parameters = {
        "merchant": asked.merchant.pk,
        "reach": stored(reach - LONGEST_WAY if is_parcels else reach),
        "start": asked.start.timestamp(),
        "start_as_stored": stored(asked.start),
        "at": asked.at.timestamp(),
        "least": min(new) * SECONDS_OF_AN_HOUR - MARGIN if new else NEVER,
        "least_today": least_today,
        "width": width * SECONDS_OF_AN_HOUR,
        **counted.parameters,
        **counted_today.parameters,
    }
    part = (PARCELS if is_parcels else ORDERS).format(
        seconds=f"{counted.sql('until')} - {counted.sql('since')}",
        # By hours of the clock most stretches are too short already: counting is what costs.
        seconds_today=f"CASE WHEN until - since >= %(least_today)s"
        f" THEN {counted_today.sql('until')} - {counted_today.sql('since')} END",
        since=epoch("placed_at"),
        until=epoch(ENDED),
        shipped=epoch("s.shipped_at"),
        last=epoch("coalesce(s.last_scan_at, s.shipped_at)"),
        scanned=epoch("c.occurred_at"),
        terminal=f"({', '.join(repr(each) for each in sorted(statuses.TERMINAL))})",
    )
    whole = "floor({})" if connection.vendor == "postgresql" else "CAST({} AS INTEGER)"
    return template.format(measured=part, bin=whole.format("seconds / %(width)s")), parameters


def _run(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
