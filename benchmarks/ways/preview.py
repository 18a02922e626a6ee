"""`python -m benchmarks.ways.preview preview DAYS | judge DAYS | facts DAYS`: what other settings would have flagged of so many
days, by the preview or by judging everything in Python; or how much that is, and in how many statements.
"""

from __future__ import annotations

import sys
from datetime import timedelta

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from benchmarks.processes import take_part  # noqa: E402
from integrations.models import Merchant  # noqa: E402
from tracking import preview  # noqa: E402
from tracking.models import Order, Shipment, StalledPolicy  # noqa: E402
from tracking.preview import reading  # noqa: E402
from tracking.preview.judging import Judge  # noqa: E402
from tracking.services import policies  # noqa: E402

merchant = Merchant.objects.get(pk=1)
today = policies.defaults(merchant)
new = StalledPolicy(merchant=merchant, hours_before_pickup=48, hours_in_transit=48, holiday_country="US")
at = Order.objects.for_merchant(merchant).latest("placed_at").placed_at
"""When the database was filled."""


def previewed(days: int) -> int:
    """Ours: everything that the page shows. Gives how many the new settings would have flagged."""
    return sum(part.flagged for part in preview.preview(merchant, new, today, days=days, at=at).parts)


def judged(days: int) -> int:
    """Every order and parcel is read and judged by the same functions; nothing is measured, no bar is drawn."""
    keys = [list(model.objects.for_merchant(merchant).values_list("pk", flat=True)) for model in (Order, Shipment)]
    orders, parcels = list(reading.orders(merchant, keys[0])), list(reading.parcels(merchant, keys[1]))
    by_new, _by_today = (
        [*map(judge.order, orders), *map(judge.parcel, parcels)]
        for judge in (Judge(merchant, policy, at) for policy in (new, today))
    )
    return sum(1 for flag in by_new if flag is not None and flag.at > at - timedelta(days=days))


def facts(days: int) -> None:
    """What so many days come to: flagged, statements."""
    with CaptureQueriesContext(connection) as queries:
        flagged = previewed(days)
    print(flagged, len(queries))


if __name__ == "__main__":
    way, number = sys.argv[1], int(sys.argv[2])
    if way == "facts":
        facts(number)
    else:
        # A web process has made others before: what the first one loads is left out.
        previewed(1)
        take_part(lambda: {"preview": previewed, "judge": judged}[way](number))
