"""The three events of an order: placed, cancelled, and fulfilled, which here means billed. All have its bare id."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from integrations.catalog import Metric, Property, catalog
from lifecycle import profile
from lifecycle.pack import SUBSCRIPTION_LIFECYCLE
from tracking import facts
from tracking.facts import OrderFact
from tracking.metrics.shared import ITEM_NAMES_EXAMPLE, ITEMS_EXAMPLE, ORDER_ID, iso, item_names, ordered

BILLED_NOT_SHIPPED = "billed_not_shipped"

ITEMS: tuple[Property[Any], ...] = (
    Property(
        "ItemNames",
        "array",
        "Names of the products ordered.",
        lambda f: item_names(ordered(f)),
        example=ITEM_NAMES_EXAMPLE,
    ),
    Property("Items", "array", "The lines of the order, for templates.", ordered, example=ITEMS_EXAMPLE),
)

SCHEDULED_DELIVERY_DATE: Property[Any] = Property(
    "ScheduledDeliveryDate",
    "date",
    "The day on which the subscriber's schedule has it delivered.",
    lambda f: iso(f.dossier.order.scheduled_on),
    example="2026-11-27",
)


def _total(fact: OrderFact) -> tuple[Decimal, str] | None:
    order = fact.dossier.order
    return None if order.total is None else (order.total, order.currency)


def _categories(fact: OrderFact) -> list[str]:
    """Each once, in the order of the lines."""
    return list(dict.fromkeys(name for line in fact.dossier.lines for name in line.categories or ()))


def _order_metric(
    number: int, key: str, name: str, fact: type[OrderFact], doc: str, *more: Property[Any], **options: Any
) -> Metric[Any]:
    """`launch_from_subject` for all three: else one might be within the launch window without the one that it follows."""
    return Metric(
        number=number,
        key=key,
        name=name,
        pack=SUBSCRIPTION_LIFECYCLE,
        fact=fact,
        doc=doc,
        unique_id=lambda f: f.dossier.order.external_id,
        unique_id_example="5001",
        identity="{order_id}",
        occurred_at=lambda f: f.at,
        properties=(ORDER_ID, *more, *ITEMS),
        value=_total,
        value_example=Decimal("89.50"),
        launch_from_subject=True,
        **options,
    )


catalog.register(
    _order_metric(
        24,
        "placed_order",
        "Placed Order",
        facts.OrderPlaced,
        "An order was made, by the subscriber's schedule or for a new subscriber before the cut-off. Its value is counted as "
        "revenue: turn it off where the shop's own Klaviyo integration sends it already.",
        Property(
            "Categories",
            "array",
            "The categories of the products ordered.",
            _categories,
            example=["Boxes"],
        ),
        SCHEDULED_DELIVERY_DATE,
        profile=(profile.SCHEDULE, profile.STATUS, profile.BOX),
        same_as=("shopify_order_created",),
    ),
    _order_metric(
        25,
        "cancelled_order",
        "Cancelled Order",
        facts.OrderCancelled,
        "An order that was sent as Placed Order was cancelled.",
        Property(
            "Reason",
            "string",
            "Why, in the merchant's words.",
            lambda f: f.dossier.order.cancel_reason,
            example="customer",
        ),
        profile=(profile.STATUS,),
        follows="placed_order",
        same_as=("order_cancelled",),
    ),
    _order_metric(
        26,
        "fulfilled_order",
        "Fulfilled Order",
        facts.OrderCompleted,
        "An order that was sent as Placed Order was billed and completed. It was paid for, and ships that week: it has not "
        "arrived.",
        Property(
            "FulfillmentMeaning",
            "string",
            f"Always {BILLED_NOT_SHIPPED}: billed, not shipped.",
            lambda f: BILLED_NOT_SHIPPED,
            example=BILLED_NOT_SHIPPED,
            choices=(BILLED_NOT_SHIPPED,),
            is_always_sent=True,
        ),
        SCHEDULED_DELIVERY_DATE,
        profile=(profile.STATUS,),
        follows="placed_order",
    ),
)
