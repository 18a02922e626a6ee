"""Measuring the history of a period: everything is sorted by how long it stood still, and what may be flagged is named.

Every order or parcel of the period is measured by the hours that count under both settings. What comes near a limit is read
with all that is known of it (`tracking.preview.reading`) and looked at closely (`tracking.preview.judging`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import BooleanField, Case, ExpressionWrapper, F, Q, QuerySet, Value, When
from numpy.typing import NDArray

from tracking import models, statuses
from tracking.business_time import SECONDS_OF_AN_HOUR
from tracking.preview import columns
from tracking.preview.columns import NEVER, Column, micros
from tracking.preview.counting import MICROSECONDS, Counted
from tracking.preview.judging import DAY, MOST_DAYS, Asked
from tracking.preview.reading import ENDED

HOUR = SECONDS_OF_AN_HOUR * MICROSECONDS
LONGEST_WAY = timedelta(days=90)
"""A parcel's last sign of life is looked for until so long after it left."""

MARGIN = MICROSECONDS // 1_000
"""By so much the sweep's sums, which are of floats, may err. What is named too much is judged by its instants."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How long things stood still: the key of each, its bin, and whether it may be flagged. Bin n holds what stood still for n to
    n + 1 times the width.
    """

    keys: Column
    bins: Column
    is_near: NDArray[np.bool_]

    def counts(self) -> dict[int, int]:
        """Bin -> how many came near no limit."""
        bins, counts = np.unique(self.bins[~self.is_near], return_counts=True)
        return dict(zip(bins.tolist(), counts.tolist(), strict=True))

    def named(self) -> dict[int, int]:
        """Key -> bin of the others."""
        return dict(zip(self.keys[self.is_near].tolist(), self.bins[self.is_near].tolist(), strict=True))

    def newest(self, first: int, last: float, most: int) -> list[int]:
        """The keys of the newest in some bins."""
        found: list[int] = np.sort(self.keys[(self.bins >= first) & (self.bins <= last)])[-most:].tolist()
        return found


def measured(asked: Asked, kind: str, *, width: int) -> Measured:
    """Measure all orders (one statement) or parcels (three) of the period, in bins of so many hours."""
    keys, longest, is_near = (_parcels if kind == "parcels" else _orders)(asked)
    is_there = longest >= 0
    return Measured(keys[is_there], longest[is_there] // (width * HOUR), is_near[is_there])


class _Ruler:
    """Tells how long pauses are that ended after the period began, and which of them come near a limit."""

    def __init__(self, asked: Asked, new: list[int], today: list[int]) -> None:
        """`new` and `today` are the hours that the two versions grant."""
        earliest = asked.start - MOST_DAYS * DAY
        self._new, self._today = (
            Counted(asked.merchant, each.policy, earliest, asked.at) for each in (asked.new, asked.today)
        )
        self._limit, self._limit_today = (min(hours) * HOUR - MARGIN if hours else None for hours in (new, today))
        self._start = micros(asked.start)

    def lengths(self, since: Column, until: Column, begin: Column) -> tuple[Column, NDArray[np.bool_]]:
        """What counts of each pause under the new settings, and whether it comes near a limit. -1: it is none, because it does
        not end after it began, not after `begin`, or not within the period.
        """
        is_pause = (until > np.maximum(since, begin)) & (until > self._start)
        lengths = np.where(is_pause, self._new.between(since, until), -1)
        is_near = np.zeros(len(lengths), np.bool_) if self._limit is None else lengths >= self._limit
        if self._limit_today is not None:
            # By hours of the clock most are too short already.
            may_be = np.flatnonzero(is_pause & (until - since >= self._limit_today))
            counted = self._today.between(since[may_be], until[may_be])
            is_near[may_be] |= counted >= self._limit_today
        return lengths, is_near


def _orders(asked: Asked) -> tuple[Column, Column, NDArray[np.bool_]]:
    """How long each order waited. Whether one that was never shipped holds anything to be shipped is asked later: it is named."""
    windows = [each.windows_of_orders for each in (asked.new, asked.today)]
    rows = models.Order.objects.for_merchant(asked.merchant).filter(
        placed_at__gte=_reach(asked, *windows), is_test=False
    )
    is_open = ExpressionWrapper(Q(shipped_at=None), output_field=BooleanField())
    keys, placed, until, doubtful = columns.read(
        rows.values_list("pk", "placed_at", ENDED, is_open), halves=("placed_at", _middle(asked))
    )
    until[until == micros(NEVER)] = micros(asked.at)
    lengths, is_near = _Ruler(asked, *windows).lengths(placed, until, placed)
    return keys, lengths, is_near | (doubtful == 1)


def _parcels(asked: Asked) -> tuple[Column, Column, NDArray[np.bool_]]:
    """The longest time without a scan of each parcel, of what ended within the period or did not end yet."""
    windows = [each.windows_of_parcels for each in (asked.new, asked.today)]
    left_since = _reach(asked, *windows) - LONGEST_WAY
    keys, shipped, over = columns.read(_watched(asked, left_since), halves=("shipped_at", _middle(asked)))
    by_key = np.argsort(keys)
    keys, shipped, over = keys[by_key], shipped[by_key], over[by_key]
    _end_where_cancelled(asked, left_since, keys, over)
    parcel, scanned = _scans(asked, keys, over)
    # Scans come parcel by parcel, the newest first: `first` and `last` are where each parcel's begin and end.
    changes = np.flatnonzero(np.diff(parcel))
    first = np.concatenate(([0], changes + 1))[: len(parcel)]
    last = np.concatenate((changes, [len(parcel) - 1]))[: len(parcel)]
    since = np.concatenate((scanned[1:], scanned[:1]))
    since[last] = shipped[parcel[last]]
    ruler = _Ruler(asked, *windows)
    lengths, is_long = ruler.lengths(since, scanned, shipped[parcel])
    heard = shipped.copy()
    heard[parcel[first]] = scanned[first]
    until = np.where(over == micros(NEVER), micros(asked.at), heard)
    longest, is_near = ruler.lengths(heard, until, heard)
    if len(parcel):
        longest[parcel[first]] = np.maximum(longest[parcel[first]], np.maximum.reduceat(lengths, first))
    is_near[parcel[is_long]] = True
    return keys, longest, is_near


def _watched(asked: Asked, left_since: datetime) -> QuerySet[Any, Any]:
    """The parcels that left since then and were on their way within the period: key, when it left, when it was at its end."""
    of_tests = models.Order.objects.for_merchant(asked.merchant).filter(is_test=True).values("pk")
    is_over = Q(status__in=statuses.TERMINAL)
    rows = (
        models.Shipment.objects.for_merchant(asked.merchant)
        .filter(shipped_at__gte=left_since)
        .exclude(order__in=of_tests)
    )
    return rows.filter(Q(status_at__gt=asked.start) | ~is_over).values_list(
        "pk", "shipped_at", Case(When(is_over, then=F("status_at")), default=Value(NEVER))
    )


def _end_where_cancelled(asked: Asked, left_since: datetime, keys: Column, over: Column) -> None:
    """Let parcels that went back after they were cancelled end there: nobody waited for them from then on."""
    told = models.Scan.objects.for_merchant(asked.merchant).filter(
        status=statuses.CANCELLED,
        shipment__status=statuses.RETURN_TO_SENDER,
        shipment__shipped_at__gte=left_since,
    )
    of, cancelled = columns.read(told.values_list("shipment_id", "occurred_at"))
    is_known = np.isin(of, keys)
    np.minimum.at(over, np.searchsorted(keys, of[is_known]), cancelled[is_known])


def _scans(asked: Asked, keys: Column, over: Column) -> tuple[Column, Column]:
    """The scans of parcels until these were over: where in `keys` the parcel is, and the instant.

    They are read from their index alone and in its order. A terminal status ends the watch, and when that was is known of the
    parcel itself. Keys grow with time: what older parcels were told is not read.
    """
    first, middle, last = keys[[0, len(keys) // 2, -1]].tolist() if len(keys) else (1, 1, 0)
    rows = models.Scan.objects.for_merchant(asked.merchant).filter(shipment__gte=first, shipment__lte=last)
    of, scanned = columns.read(
        rows.order_by("shipment", "-occurred_at").values_list("shipment_id", "occurred_at"),
        halves=("shipment_id", middle),
    )
    # Looked for once for each parcel, whose scans stand together.
    begins = np.flatnonzero(np.diff(of, prepend=-1))
    parcel = np.repeat(np.searchsorted(keys, of[begins]), np.diff(begins, append=len(of)))
    is_watched = (keys[parcel] == of) & (scanned <= over[parcel])
    return parcel[is_watched], scanned[is_watched]


def _reach(asked: Asked, new: list[int], today: list[int]) -> datetime:
    """From when on something may have begun for which the time ran out within the period."""
    reaches = [each.reach(asked.start, max(hours)) for each, hours in ((asked.new, new), (asked.today, today)) if hours]
    return min(reaches, default=asked.start)


def _middle(asked: Asked) -> datetime:
    return asked.start + (asked.at - asked.start) / 2
