"""`python -m benchmarks.ways.stalled sweep | look | plan`: finding what stalled, by the deadlines that are written down or by
working out those of everything open; or how the database finds what is due.
"""

from __future__ import annotations

import sys

import django

django.setup()

from django.db import connection  # noqa: E402
from django.db.models import F  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.processes import take_part  # noqa: E402
from integrations.models import Event  # noqa: E402
from tracking import deadlines, stalled, statuses  # noqa: E402
from tracking.models import Issue, Shipment  # noqa: E402


def sweep() -> int:
    """Ours."""
    return stalled.sweep(at=timezone.now())


def look() -> int:
    """Every open parcel is read, and its deadline worked out."""
    now, found = timezone.now(), 0
    still_open = Shipment.objects.exclude(status__in=statuses.TERMINAL)
    for parcel in still_open.select_related("order__stalled_policy", "order__merchant").iterator(chunk_size=2_000):
        due = deadlines.of_shipment(parcel, parcel.order)
        found += due is not None and due <= now
    return found


def main(way: str) -> None:
    """What the run before found is due again."""
    Issue.objects.all().delete()
    Event.objects.all().delete()
    Shipment.objects.exclude(stalled_at=None).update(stalls_at=F("stalled_at"), stalled_at=None)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE tracking_shipment, tracking_issue, integrations_event, integrations_delivery")
    if way == "plan":
        batch = stalled._due(Shipment, "stalls_at", (), at=timezone.now())[: stalled.BATCH]
        print(batch.explain(analyze=True, buffers=True))
        return
    take_part({"sweep": sweep, "look": look}[way])


if __name__ == "__main__":
    main(sys.argv[1])
