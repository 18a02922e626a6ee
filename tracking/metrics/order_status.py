"""Pack `order_status` (Whiplash): the four states of an order."""

from __future__ import annotations

from typing import Any

from integrations.catalog import Metric, Pack, Property, catalog
from tracking import facts, profile
from tracking.facts import OrderFact
from tracking.metrics.shared import ORDER_ID, ORDER_NUMBER, TRACKING_PAGE_EXAMPLE, iso, page_of
from tracking.models import Shipment

ORDER_STATUS = Pack("order_status", "Order status", "The four states of an order in the warehouse.")

STATUS_PROFILE = (profile.LAST_ORDER_NUMBER, profile.LAST_ORDER_STATUS)


def _first_parcel(fact: OrderFact) -> Shipment | None:
    return next(iter(fact.dossier.standing_shipments), None)


SHIPPING: tuple[Property[Any], ...] = (
    Property(
        "TrackingNumber",
        "string",
        "The first parcel's number.",
        lambda f: parcel.tracking_number if (parcel := _first_parcel(f)) else None,
        example="1Z999AA10123456784",
    ),
    Property(
        "Carrier",
        "string",
        "The first parcel's carrier.",
        lambda f: parcel.carrier if (parcel := _first_parcel(f)) else None,
        example="UPS",
    ),
    Property(
        "TrackingUrl",
        "string",
        "The shopper's page of the order, with all its parcels.",
        lambda f: page_of(f, _first_parcel(f)),
        example=TRACKING_PAGE_EXAMPLE,
    ),
)


def _status_metric(
    number: int, key: str, name: str, fact: type[OrderFact], status: str, doc: str, *more: Property[Any]
) -> Metric[Any]:
    return Metric(
        number=number,
        key=key,
        name=name,
        pack=ORDER_STATUS,
        fact=fact,
        doc=doc,
        unique_id=lambda f: f"order:{f.dossier.order.external_id}:{status}",
        unique_id_example=f"order:5001:{status}",
        identity=f"order:{{order_id}}:{status}",
        occurred_at=lambda f: f.at,
        properties=(
            ORDER_NUMBER,
            ORDER_ID,
            Property(
                "Status",
                "string",
                f"Always {status}.",
                lambda f: status,
                example=status,
                choices=(status,),
                is_always_sent=True,
            ),
            Property(
                "StatusAt",
                "datetime",
                "When the order entered this state.",
                lambda f: iso(f.at),
                example="2026-11-23T14:05:00+00:00",
                is_always_sent=True,
            ),
            *more,
        ),
        profile=STATUS_PROFILE,
        launch_from_subject=True,
        names_customer=True,
    )


catalog.register(
    _status_metric(
        5, "processing_order", "Processing order", facts.OrderProcessing, "processing", "The order is being worked on."
    ),
    _status_metric(
        6, "order_cancelled", "Order cancelled", facts.OrderCancelled, "cancelled", "The order was cancelled."
    ),
    _status_metric(
        7, "order_shipped", "Order shipped", facts.OrderShipped, "shipped", "The first parcel left.", *SHIPPING
    ),
    _status_metric(
        8,
        "order_delivered",
        "Order delivered",
        facts.OrderDelivered,
        "delivered",
        "Every parcel arrived and nothing is left to be shipped.",
        *SHIPPING,
    ),
)
