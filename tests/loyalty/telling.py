"""A merchant with a programme, and what happens to the points of its members, in a line each."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from django.db import transaction

from integrations.audit import Actor
from integrations.models import Customer, Event, Merchant
from integrations.sources import Handled
from loyalty import services
from loyalty.models import LedgerEntry, Member, PointSource
from loyalty.services import programmes
from tests.tracking.telling import ANN, AT, DAY, HOUR, make_merchant
from tracking import services as tracking_services
from tracking.inputs import FulfillmentInput, OrderInput

MAY = Actor(label="May")
_causes = count(1)


def merchant_with_programme(**rules: Any) -> Merchant:
    """A merchant in Berlin who gives a point for each euro, since half a year ago."""
    made = make_merchant("loyalty")
    Merchant.objects.filter(pk=made.pk).update(timezone="Europe/Berlin", currency="EUR")
    merchant = Merchant.objects.prefetch_related("connections").get(pk=made.pk)
    programmes.change(merchant, by=None, at=AT - 180 * DAY, **rules)
    return merchant


def order(
    merchant: Merchant, key: str = "1", net: str = "80", *, refunded: str = "0", hours: float = 0, **more: Any
) -> Handled:
    """The shop tells of a paid order as it was `hours` after the first of them was placed."""
    given: dict[str, Any] = {"person": ANN, "created_at": AT, "currency": "EUR", "is_paid": True}
    amounts = {"net_value": Decimal(net), "net_refunded": Decimal(refunded)}
    when = AT + hours * HOUR
    told_of = OrderInput(external_id=key, number=f"#{key}", updated_at=when, **(given | amounts | more))
    with transaction.atomic():
        return tracking_services.ingest_order(merchant=merchant, order=told_of, at=when)


def ann() -> Customer:
    """The only shopper."""
    return Customer.objects.get()


def member(merchant: Merchant) -> Member:
    """The shopper as a member, who is made where there is none."""
    with transaction.atomic():
        customer, _ = Customer.objects.get_or_create(
            merchant=merchant, email=ANN.email, defaults={"created_at": AT - DAY}
        )
        return services.enrol(merchant, customer, Member.Source.ORDER, at=AT)[0]


def add(merchant: Merchant, points: int, *, at: datetime = AT, cause: str = "", **more: Any) -> LedgerEntry:
    """Points by a campaign."""
    with transaction.atomic():
        return services.add_points(
            merchant=merchant,
            customer=ann(),
            points=points,
            at=at,
            **{"source": PointSource.ONE_TIME_CAMPAIGN, "cause": cause or f"campaign:{next(_causes)}", **more},
        )


def redeem(merchant: Merchant, points: int, *, at: datetime = AT, cause: str = "") -> LedgerEntry:
    """Points for a reward."""
    cause = cause or f"redemption:{next(_causes)}"
    with transaction.atomic():
        return services.redeem(merchant=merchant, customer=ann(), points=points, cause=cause, at=at)


def revert(merchant: Merchant, redemption: LedgerEntry, *, at: datetime = AT) -> LedgerEntry:
    """The reward is deactivated."""
    with transaction.atomic():
        return services.revert_redemption(merchant=merchant, customer=ann(), cause=redemption.cause, at=at)


def adjust(
    merchant: Merchant, points: int, *, at: datetime = AT, reason: str = "as promised", cause: str = ""
) -> LedgerEntry:
    """A person at the merchant's adds or subtracts points."""
    cause = cause or f"manual:{next(_causes)}"
    with transaction.atomic():
        return services.adjust(
            merchant=merchant, customer=ann(), points=points, reason=reason, by=MAY, cause=cause, at=at
        )


def balance(merchant: Merchant) -> int:
    """The shopper's points."""
    return Member.objects.for_merchant(merchant).get(customer=ann()).balance


def told(metric: str) -> list[dict[str, Any]]:
    """The properties of the events of a metric, in the order they were recorded."""
    return list(Event.objects.filter(metric=metric).order_by("id").values_list("properties", flat=True))


def ship_order(merchant: Merchant, key: str, at: datetime) -> None:
    """The shop tells that the order was fulfilled."""
    told_of = FulfillmentInput(f"f{key}", key, created_at=at, updated_at=at)
    with transaction.atomic():
        tracking_services.ingest_fulfillment(merchant=merchant, fulfillment=told_of, at=at)
