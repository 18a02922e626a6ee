"""How much time counts between many pairs of instants at once, told by the days that `tracking.business_time` gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from integrations.models import Merchant
from tracking import business_time
from tracking.calendars import calendar_of
from tracking.models import StalledPolicy
from tracking.preview.columns import Column

YEAR = timedelta(days=365)
MICROSECONDS = 1_000_000


class Counted:
    """Microseconds that count since an instant `first`, by the calendar of a policy; right for instants up to `last`."""

    def __init__(self, merchant: Merchant, policy: StalledPolicy, first: datetime, last: datetime) -> None:
        # What counted grows by the clock on days that count, and stays on the others: a line that bends where these change.
        self._bends, self._counted = [0], [0]
        for begin, end in _stretches(merchant, policy, first, last):
            counted = self._counted[-1]
            if begin > self._bends[-1]:
                self._bends.append(begin)
                self._counted.append(counted)
            self._bends.append(end)
            self._counted.append(counted + end - begin)

    def between(self, since: Column, until: Column) -> Column:
        """What counts from each instant of one column to that of the other: exact, as all are whole numbers below 2 ** 53."""
        counted = self._until(until)
        counted -= self._until(since)
        return counted.astype(np.int64)

    def _until(self, instants: Column) -> NDArray[np.float64]:
        return np.interp(instants, self._bends, self._counted)


def _stretches(merchant: Merchant, policy: StalledPolicy, first: datetime, last: datetime) -> Iterator[tuple[int, int]]:
    """What counts between two instants that may lie further apart than the holidays of one calendar reach."""
    while first < last:
        end = min(first + YEAR, last)
        for at, over in business_time.stretches(first, end, calendar_of(policy, merchant.timezone, first)):
            yield round(at * MICROSECONDS), round(over * MICROSECONDS)
        first = end
