"""Reading all that is known of some orders and parcels, for `tracking.preview.judging` to look at closely."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

import numpy as np
from django.db.models import (
    BooleanField,
    Case,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, NullIf

from integrations.models import Merchant
from integrations.statements import Among
from tracking import models, statuses
from tracking.preview import columns
from tracking.preview.columns import EPOCH, NEVER
from tracking.preview.counting import MICROSECONDS
from tracking.preview.judging import Order, Parcel, stretches

SECOND = timedelta(seconds=1)
ENDED = Case(
    When(cancelled_at__lt=F("shipped_at"), then=F("cancelled_at")),
    default=Coalesce("shipped_at", "cancelled_at", "delivered_at", Value(NEVER)),
)
"""When an order was shipped or cancelled, whichever came first."""


def orders(merchant: Merchant, keys: Collection[int]) -> Iterator[Order]:
    """What is known of orders, but for those of which nothing was shipped or is to be: one statement."""
    lines = models.OrderLine.objects.for_merchant(merchant).filter(order=OuterRef("pk"), requires_shipping=True)
    is_open = Q(shipped_at=None, cancelled_at=None)
    # Whoever cancels an order takes its units off it, too.
    holds = Q(Exists(lines.filter(quantity__gt=0))) | ~is_open & Q(Exists(lines.filter(ordered__gt=0)))
    rows = models.Order.objects.for_merchant(merchant).filter(Among(F("pk"), keys))
    known = columns.read(rows.values_list("pk", _flag(holds), _flag(Q(shipped_at__isnull=False)), "placed_at", ENDED))
    never = columns.micros(NEVER)
    for pk, is_to_ship, is_shipped, placed_at, ended_at in zip(*(each.tolist() for each in known), strict=True):
        if is_to_ship or is_shipped:
            until = None if ended_at == never else ended_at / MICROSECONDS
            yield Order(pk, bool(is_to_ship), placed_at / MICROSECONDS, until)


def parcels(merchant: Merchant, keys: Collection[int], *, with_country: bool = True) -> Iterator[Parcel]:
    """What is known of parcels: two statements. Where no setting asks for a parcel's country, it need not be looked for."""
    found = _scans(merchant, keys)
    of_order = models.Order.objects.for_merchant(merchant).filter(pk=OuterRef("order_id")).values("destination_country")
    rows = models.Shipment.objects.for_merchant(merchant).filter(Among(F("pk"), keys))
    # A difference is read in a tenth of the time that an instant takes.
    shipped = F("shipped_at") - Value(EPOCH, output_field=DateTimeField())
    country = Coalesce(NullIf("destination_country", Value("")), Subquery(of_order)) if with_country else Value("")
    for pk, order, number, carrier, destination, since, status in rows.values_list(
        "pk", "order_id", "tracking_number", "carrier", country, shipped, "status"
    ):
        is_over = status in statuses.TERMINAL
        scans = found.get(pk, ())
        yield Parcel(pk, order, number, carrier, destination, tuple(stretches(since / SECOND, scans, is_over=is_over)))


def _scans(merchant: Merchant, keys: Collection[int]) -> dict[int, Sequence[tuple[float, str]]]:
    """Parcel -> its scans in the order of their time, (instant, status): one statement."""
    told = models.Scan.objects.for_merchant(merchant).filter(Among(F("shipment_id"), keys))
    word = Case(*(When(status=each, then=Value(number)) for number, each in enumerate(statuses.ALL)), default=Value(0))
    of, moments, words = columns.read(
        told.order_by("shipment_id", "occurred_at", "pk").values_list("shipment_id", "occurred_at", word),
        halves=("shipment_id", sorted(keys)[len(keys) // 2] if keys else 0),
    )
    scans = list(zip((moments / MICROSECONDS).tolist(), map(statuses.ALL.__getitem__, words.tolist()), strict=True))
    begins = np.flatnonzero(np.diff(of, prepend=-1))
    ends = np.append(begins, len(of))[1:]
    return {pk: scans[at:end] for pk, at, end in zip(of[begins].tolist(), begins.tolist(), ends.tolist(), strict=True)}


def _flag(condition: Q) -> ExpressionWrapper[Q]:
    return ExpressionWrapper(condition, output_field=BooleanField())


def numbers(merchant: Merchant, orders: Collection[int]) -> dict[int, str]:
    """Key -> number of orders: one statement."""
    rows = models.Order.objects.for_merchant(merchant).filter(Among(F("pk"), orders))
    return dict(rows.values_list("pk", "number"))
