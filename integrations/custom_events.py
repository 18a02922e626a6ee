"""Events of custom metrics, as a merchant's own systems report them: the same history, the same delivery."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from integrations import custom_metrics, customers, history
from integrations.catalog import Reported
from integrations.models import Connection, Customer, CustomMetric, Event, Merchant
from integrations.people import PersonInput

FIRST_YEAR = 2000
FURTHEST_AHEAD = timedelta(days=365)
"""Klaviyo takes no event that is further ahead."""

Objection = tuple[tuple[str, ...], str]
"""Where something is wrong, as the path of names that leads there, and what would be right."""


class NotAsDeclared(Exception):
    """A report is not as its metric's declaration says; `objections` name the places."""

    def __init__(self, objections: Sequence[Objection]) -> None:
        super().__init__("; ".join(f"{'.'.join(place)}: {text}" for place, text in objections))
        self.objections = objections


class Forgotten(Exception):
    """The shopper was erased, and has neither ordered nor consented since: nothing is recorded of them."""


class MetricOff(Exception):
    """The metric is turned off: what happens meanwhile is not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An event that somebody reports. `metric` is the key of a custom metric, `value` an amount in major units."""

    metric: str
    unique_id: str
    occurred_at: datetime
    customer: PersonInput
    properties: Mapping[str, Any]
    order_number: str = ""
    tracking_number: str = ""
    value: Decimal | None = None
    value_currency: str = ""


def record(merchant: Merchant, report: Report, *, at: datetime) -> tuple[Event, bool]:
    """Record a reported event: (the event, whether it is new). One with the same `unique_id` changes nothing.

    Raises `NotAsDeclared`, `MetricOff` and `Forgotten`; then nothing was written.
    """
    metric = custom_metrics.find(merchant, report.metric)
    if metric is None:
        raise NotAsDeclared([(("metric",), "is no custom metric of the merchant's: declare it first")])
    wrong = list(_objections(metric, report, at=at))
    if wrong:
        raise NotAsDeclared(wrong)
    known = _recorded(merchant, report)
    if known is not None:
        return known, False
    new = _announce(merchant, metric, report, at=at) if _is_on(merchant, metric.key) else None
    recorded = new or _recorded(merchant, report)
    if recorded is None:
        raise MetricOff(f"{metric.name} is turned off: what happens meanwhile is not recorded")
    return recorded, new is not None


def _objections(metric: CustomMetric, report: Report, *, at: datetime) -> Iterator[Objection]:
    if not (report.occurred_at.year >= FIRST_YEAR and report.occurred_at <= at + FURTHEST_AHEAD):
        yield ("occurred_at",), f"must be in {FIRST_YEAR} or later, and at most a year ahead"
    if (report.value is None) != (not report.value_currency):
        yield ("value_currency",), "must be given with value, and with it only"
    for name, text in custom_metrics.objections(metric, report.properties):
        yield ("properties", name) if name else ("properties",), text


def _announce(merchant: Merchant, metric: CustomMetric, report: Report, *, at: datetime) -> Event | None:
    """The event, None where another process recorded it a moment ago."""
    with transaction.atomic():
        customer = customers.resolve(merchant, report.customer, at=at)
        if customer is None:
            text = "nobody is known by that: give an e-mail address or a phone number"
            raise NotAsDeclared([(("customer",), text)])
        if customer.status == Customer.Status.ERASED:
            raise Forgotten("the customer was erased, and has neither ordered nor signed up since")
        fact = Reported(
            merchant=merchant,
            customer=customer,
            subject=f"customer:{customer.pk}",
            subject_at=report.occurred_at,
            order_number=report.order_number,
            tracking_number=report.tracking_number,
            metric=custom_metrics.as_metric(metric),
            unique_id=report.unique_id,
            occurred_at=report.occurred_at,
            properties=report.properties,
            value=None if report.value is None else (report.value, report.value_currency),
        )
        return next(iter(history.announce(fact, at=at)), None)


def _recorded(merchant: Merchant, report: Report) -> Event | None:
    mine = Event.objects.for_merchant(merchant).filter(metric=report.metric, unique_id=report.unique_id)
    found: Event | None = mine.defer("properties").first()
    return found


def _is_on(merchant: Merchant, key: str) -> bool:
    connections = Connection.objects.for_merchant(merchant).values_list("enabled_metrics", flat=True)
    return any(key in enabled for enabled in connections)
