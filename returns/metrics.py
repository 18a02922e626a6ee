"""Pack `returns_and_tracking` (Redo), the returns: as they are asked for, whole and item by item, and how they go on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from integrations.catalog import Metric, Property, catalog
from returns import facts, profile, rechecks, stages
from returns.facts import ReturnFact, ReturnItemCreated
from tracking.metrics.returns_and_tracking import ORDER_REF, RETURNS_AND_TRACKING

VALUE_EXAMPLE = Decimal("89.50")
PROFILE = (profile.LAST_RETURN_ID, profile.LAST_RETURN_AT)

RETURN_ID: Property[Any] = Property(
    "ReturnId", "string", "The return's id.", lambda f: f.case.row.external_id, example="30211", is_always_sent=True
)
NEW_ORDER_REF: Property[Any] = Property(
    "NewOrderRef",
    "string",
    "The name of the order that an exchange made, if there is one.",
    lambda f: f.case.row.new_order_number,
    example="#1044",
)
COVERAGE: Property[Any] = Property(
    "Coverage",
    "string",
    f"Whether the return is paid for: {' or '.join(stages.COVERAGES)}.",
    lambda f: f.case.row.coverage,
    example=stages.COVERED,
    choices=stages.COVERAGES,
)
DELIVERY: Property[Any] = Property(
    "Delivery",
    "string",
    f"How it comes back: {', '.join(stages.DELIVERIES)} (a green return).",
    lambda f: f.case.row.delivery,
    example=stages.LABEL,
    choices=stages.DELIVERIES,
)

RETURN: tuple[Property[Any], ...] = (
    RETURN_ID,
    ORDER_REF,
    NEW_ORDER_REF,
    COVERAGE,
    DELIVERY,
    Property(
        "Quantity",
        "integer",
        "Units that come back.",
        lambda f: f.case.quantity,
        example=1,
        is_always_sent=True,
    ),
)

ITEM: tuple[Property[ReturnItemCreated], ...] = (
    RETURN_ID,
    Property(
        "Type",
        "string",
        f"What the shopper gets for it: {', '.join(stages.TYPES)}.",
        lambda f: f.item.type,
        example=stages.EXCHANGE,
        choices=stages.TYPES,
    ),
    ORDER_REF,
    NEW_ORDER_REF,
    Property(
        "Coverage",
        "string",
        COVERAGE.doc,
        lambda f: f.item.coverage or f.case.row.coverage,
        example=stages.COVERED,
        choices=stages.COVERAGES,
    ),
    Property("SKU", "string", "The stock keeping unit.", lambda f: f.item.sku, example="WJ-BL-L"),
    Property("NewSKU", "string", "That of what an exchange gives.", lambda f: f.item.new_sku, example="WJ-BL-M"),
    Property("ProductName", "string", "The product's name.", lambda f: f.item.product_name, example="Wool jumper"),
    Property(
        "NewProductName",
        "string",
        "That of what an exchange gives.",
        lambda f: f.item.new_product_name,
        example="Wool jumper",
    ),
    Property("VariantName", "string", "The variant's name.", lambda f: f.item.variant_name, example="Blue / L"),
    Property(
        "NewVariantName",
        "string",
        "That of what an exchange gives.",
        lambda f: f.item.new_variant_name,
        example="Blue / M",
    ),
    Property("Quantity", "integer", "Units that come back.", lambda f: f.item.quantity, example=1, is_always_sent=True),
)


def _money(fact: ReturnFact, amount: Decimal | None) -> tuple[Decimal, str] | None:
    return None if amount is None else (amount, fact.case.row.currency)


catalog.register(
    Metric(
        number=9,
        key="return_created",
        name="Return Created",
        pack=RETURNS_AND_TRACKING,
        fact=facts.ReturnCreated,
        doc="A shopper asked to send something back. Its value is that of all that comes back.",
        unique_id=lambda f: f"return:{f.case.row.external_id}",
        unique_id_example="return:30211",
        identity="return:{ReturnId}",
        occurred_at=lambda f: f.at,
        properties=RETURN,
        told_apart_by=("ReturnId",),
        profile=PROFILE,
        value=lambda f: _money(f, f.case.value),
        value_example=VALUE_EXAMPLE,
    ),
    Metric(
        number=10,
        key="return_created_item",
        name="Return Created Item",
        pack=RETURNS_AND_TRACKING,
        fact=facts.ReturnItemCreated,
        doc="The same, once for each line of the return. Its value is that of the line's units.",
        unique_id=lambda f: f"return:{f.case.row.external_id}:item:{f.item.external_id}",
        unique_id_example="return:30211:item:1",
        identity="return:{ReturnId}:item:{return_item_id}",
        occurred_at=lambda f: f.at,
        properties=ITEM,
        told_apart_by=("ReturnId", "ProductName"),
        value=lambda f: _money(f, f.case.value_of(f.item)),
        value_example=VALUE_EXAMPLE,
    ),
)


def _status_metric(
    number: int, status: str, name: str, fact: type[ReturnFact], doc: str, *more: Property[Any], **how: Any
) -> Metric[Any]:
    given: dict[str, Any] = {
        "unique_id": lambda f: f"return:{f.case.row.external_id}:{status}",
        "unique_id_example": f"return:30211:{status}",
        "identity": f"return:{{ReturnId}}:{status}",
    }
    return Metric(
        number=number,
        key=f"return_{status}",
        name=name,
        pack=RETURNS_AND_TRACKING,
        fact=fact,
        doc=doc,
        occurred_at=lambda f: f.at,
        properties=(
            RETURN_ID,
            ORDER_REF,
            NEW_ORDER_REF,
            COVERAGE,
            DELIVERY,
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
                "Since when.",
                lambda f: f.at.isoformat(),
                example="2026-11-25T10:05:00+00:00",
                is_always_sent=True,
            ),
            *more,
        ),
        told_apart_by=("ReturnId",),
        profile=PROFILE,
        is_optional=True,
        **{**given, **how},
    )


def _expiring(fact: Any) -> str:
    """Another deadline is another event."""
    row = fact.case.row
    return f"return:{row.external_id}:expiring:{int(row.expires_at.timestamp())}"


catalog.register(
    _status_metric(39, stages.APPROVED, "Return Approved", facts.ReturnApproved, "The shopper may send the return."),
    _status_metric(40, stages.IN_TRANSIT, "Return In Transit", facts.ReturnInTransit, "The return is on its way back."),
    _status_metric(41, stages.RECEIVED, "Return Received", facts.ReturnReceived, "The return is back."),
    _status_metric(42, stages.REFUNDED, "Return Refunded", facts.ReturnRefunded, "The return's money was given back."),
    _status_metric(
        43, stages.CLOSED, "Return Closed", facts.ReturnClosed, "Nothing is left to be done for the return."
    ),
    _status_metric(
        44,
        "expiring",
        "Return Expiring",
        facts.ReturnExpiring,
        "The return was not sent yet, and can be for three more days only.",
        Property(
            "ExpiresAt",
            "datetime",
            "Until when it may be sent.",
            lambda f: f.case.row.expires_at.isoformat(),
            example="2026-12-18T10:05:00+00:00",
            is_always_sent=True,
        ),
        unique_id=_expiring,
        unique_id_example="return:30211:expiring:1797588300",
        identity="return:{ReturnId}:expiring:{expires_epoch}",
        fresh_until=lambda f: f.case.row.expires_at,
        recheck=rechecks.sent_meanwhile,
    ),
)
