"""Happenings for which a metric exists and no event does, since the metric was not on when they happened: for Why?."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from integrations.catalog import Fact, catalog
from integrations.models import Delivery, Event, Merchant
from integrations.timeline import Entry, Kind

WAS_OFF = "This metric was off when it happened. What happened before a metric is turned on is not told afterwards."
ARE_OFF = "Of what happened here they would have told: "


def entries(merchant: Merchant, happened: Iterable[Fact]) -> Iterator[Entry]:
    """One entry for each metric that is on now and told nothing of these facts, and one for all that are off. Two statements."""
    missing = _missing(merchant, happened)
    on = {key for connection in merchant.connections.all() for key in connection.enabled_metrics}
    names = {key: catalog.metrics[key].name_for(merchant) for key in missing}
    for key in [each for each in missing if each in on]:
        times = f" It happened {len(missing[key])} times." if len(missing[key]) > 1 else ""
        title = f"No event: {names[key]}"
        yield Entry(min(missing[key]), title, WAS_OFF + times, kind=Kind.NO_EVENT, reason=Delivery.Reason.METRIC_OFF)
    off = [key for key in missing if key not in on]
    if off:
        first = min(instant for key in off for instant in missing[key])
        detail = ARE_OFF + ", ".join(names[key] for key in off)
        yield Entry(first, "Metrics that are off", detail, kind=Kind.NO_EVENT, reason=Delivery.Reason.METRIC_OFF)


def _missing(merchant: Merchant, happened: Iterable[Fact]) -> dict[str, list[datetime]]:
    """Metric -> when it would have told something."""
    due = [
        (metric, metric.draft(fact)) for fact in happened for metric in catalog.built_from(fact) if metric.applies(fact)
    ]
    # By metric, too: the index begins with it, and by their ids alone the whole history of the merchant would be read.
    metrics, ids = {metric.key for metric, _ in due}, {draft.unique_id for _, draft in due}
    mine = Event.objects.for_merchant(merchant).filter(metric__in=metrics, unique_id__in=ids)
    there = set(mine.values_list("metric", "unique_id"))
    missing: dict[str, list[datetime]] = {}
    for metric, draft in due:
        if (metric.key, draft.unique_id) not in there:
            missing.setdefault(metric.key, []).append(draft.occurred_at)
    return missing
