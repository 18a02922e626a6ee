"""The same pages, addressed in each way's own manner: `python -m benchmarks.apis.addresses` prints list -> way -> addresses.

All are of the largest merchant. A token of that merchant is made for ours.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

import django

django.setup()

from django.http import QueryDict  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.apis import BARE, OURS, REST, WRITTEN  # noqa: E402
from benchmarks.load import MERCHANT  # noqa: E402
from integrations import tokens  # noqa: E402
from integrations.api import cursors, events, parameters  # noqa: E402
from integrations.api.cursors import Place  # noqa: E402
from integrations.models import Event, Merchant  # noqa: E402

METRIC = "shipment_update_received"
PAGE, DEEP = 100, 10_000
RANGES = 500
"""Different stretches of thirty days: they lie all over the table."""

DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the merchant's history, newest first: of one metric or of all, in a stretch of time, from a place on."""

    metric: str | None = None
    after: datetime
    before: datetime
    place: Place | None = None

    def ours(self) -> str:
        """For the product."""
        asked = {"occurred_after": self.after, "occurred_before": self.before, "metric": self.metric}
        query = urlencode({name: _written(value) for name, value in asked.items() if value})
        if self.place is None:
            return f"/api/v1/events?{query}"
        bound = cursors.bound_to(events.NAME, parameters.read_all(QueryDict(query), events.LIST))
        return f"/api/v1/events?{query}&cursor={cursors.encode(self.place, bound)}"

    def bare(self) -> str:
        """For the bare applications."""
        query = self._plain()
        return f"/?{query}&{urlencode({'at': self.place.at, 'id': self.place.key})}" if self.place else f"/?{query}"

    def rest(self) -> str:
        """For Django REST framework, whose cursor is a time, and a number of rows to skip where several have it."""
        cursor = b64encode(urlencode({"p": str(self.place.at)}).encode()).decode() if self.place else ""
        return f"/events?{self._plain()}" + (f"&{urlencode({'cursor': cursor})}" if cursor else "")

    def _plain(self) -> str:
        asked = {"merchant": MERCHANT, "after": self.after, "before": self.before, "metric": self.metric}
        return urlencode({name: str(value) for name, value in asked.items() if value})


def pages() -> dict[str, list[Page]]:
    """List -> pages of it."""
    mine = Event.objects.for_merchant(MERCHANT).order_by("-occurred_at", "-pk")
    oldest, newest = mine.values_list("occurred_at", flat=True).reverse()[0], mine[0].occurred_at
    depth = min(DEEP, mine.count() // PAGE)
    at, key = mine.values_list("occurred_at", "pk")[(depth - 1) * PAGE - 1]
    first = Page(after=oldest, before=newest + timedelta(seconds=1))
    return {
        "by metric and time": list(_ranges(oldest, newest)),
        "by time, page 1": [first],
        f"by time, page {depth:,}": [replace(first, place=Place(at, key))],
    }


def _ranges(oldest: datetime, newest: datetime) -> Iterator[Page]:
    days = timedelta(days=DAYS)
    for number in range(RANGES):
        # 211 and 500 have no common divisor: neighbours in time are not neighbours in turn.
        before = newest - (newest - oldest - days) * (number * 211 % RANGES) / RANGES
        yield Page(metric=METRIC, after=before - days, before=before)


def _written(value: datetime | str) -> str:
    return value if isinstance(value, str) else f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"


def main() -> None:
    """Make the token and the addresses."""
    merchant = Merchant.objects.get(pk=MERCHANT)
    _, token = tokens.create(merchant, "bench", tokens.SCOPES, at=timezone.now())
    lists = {
        name: {
            OURS: [page.ours() for page in found],
            BARE: [page.bare() for page in found],
            WRITTEN: [page.bare() for page in found],
            REST: [page.rest() for page in found],
        }
        for name, found in pages().items()
    }
    print(json.dumps({"token": token, "lists": lists}))


if __name__ == "__main__":
    main()
