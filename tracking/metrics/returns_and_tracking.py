"""Pack `returns_and_tracking` (Redo): tracking updates, whole and for each item, shoppers' accounts and wish lists."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from integrations.catalog import Metric, Pack, Property, catalog
from tracking import business_time, facts, profile, rechecks, statuses, updates
from tracking.metrics.shared import (
    CARRIER,
    OUT_FOR_DELIVERY_FRESH_FOR,
    PARCEL_PROFILE,
    SHIPMENT_ID,
    SHIPPED_AT_EXAMPLE,
    TRACKING_NUMBER,
    TRACKING_PAGE_EXAMPLE,
    iso,
    page_of,
)

RETURNS_AND_TRACKING = Pack(
    "returns_and_tracking",
    "Returns and tracking",
    "Tracking updates, whole and for each item, and what shoppers do: accounts, wishlists and returns.",
)


def _identity(fact: facts.TrackingUpdate) -> str:
    about = fact.shipment.external_id if fact.shipment else fact.subject
    return f"track:{about}:{fact.trigger}:{int(fact.anchor.timestamp())}"


def _fresh_until(fact: facts.TrackingUpdate) -> datetime | None:
    """What grows old sooner than the merchant's limit: half a day out for delivery, and the day on which it comes early."""
    if fact.trigger == statuses.OUT_FOR_DELIVERY:
        return fact.at + OUT_FOR_DELIVERY_FRESH_FOR
    if fact.trigger == updates.ARRIVING_EARLY and fact.shipment and fact.shipment.expected_on:
        return business_time.begin_of(fact.shipment.expected_on + timedelta(days=1), fact.merchant.timezone)
    return None


TRIGGER: Property[Any] = Property(
    "Trigger",
    "string",
    f"One of {', '.join(updates.TRIGGERS)}.",
    lambda f: f.trigger,
    example=statuses.OUT_FOR_DELIVERY,
    choices=updates.TRIGGERS,
    is_always_sent=True,
)
ORDER_REF: Property[Any] = Property(
    "OrderRef", "string", "The order's name, e.g. #1001.", lambda f: f.order_number, example="#1001"
)
ESTIMATE: Property[Any] = Property(
    "EstimatedDeliveryDate",
    "date",
    "The newest promised date.",
    lambda f: f.shipment and iso(f.shipment.expected_on),
    example="2026-11-23",
)
PAGE: Property[Any] = Property(
    "TrackingPageLink",
    "string",
    "The shopper's page of the order, with all its parcels; where the merchant took it back, the carrier's or the shop's.",
    lambda f: page_of(f, f.shipment) or f.dossier.order.status_url,
    example=TRACKING_PAGE_EXAMPLE,
)

UPDATE: tuple[Property[facts.TrackingUpdate], ...] = (
    TRIGGER,
    ORDER_REF,
    Property(
        "Date",
        "datetime",
        "When it happened.",
        lambda f: iso(f.at),
        example="2026-11-23T08:40:00+00:00",
        is_always_sent=True,
    ),
    PAGE,
    Property(
        "OrderCreatedDate",
        "datetime",
        "When the order was placed.",
        lambda f: iso(f.dossier.order.placed_at),
        example="2026-11-20T09:12:00+00:00",
        is_always_sent=True,
    ),
    Property(
        "OrderShippedDate",
        "datetime",
        "When the shop shipped it.",
        lambda f: f.shipment and iso(f.shipment.shipped_at),
        example=SHIPPED_AT_EXAMPLE,
    ),
    Property(
        "OrderDeliveredDate",
        "datetime",
        "When it arrived.",
        lambda f: iso(f.at) if f.trigger == statuses.DELIVERED else None,
        example="2026-11-23T14:05:00+00:00",
    ),
    ESTIMATE,
    SHIPMENT_ID,
    TRACKING_NUMBER,
    CARRIER,
)

ITEM: tuple[Property[facts.TrackingUpdateItem], ...] = (
    TRIGGER,
    ORDER_REF,
    Property("SKU", "string", "The variant's stock keeping unit.", lambda f: f.line.sku, example="WJ-BL-L"),
    Property("ProductName", "string", "The product's name.", lambda f: f.line.product_name, example="Wool jumper"),
    Property("VariantName", "string", "The variant's name.", lambda f: f.line.variant_name, example="Blue / L"),
    Property(
        "Quantity",
        "integer",
        "Units in the parcel, or ordered.",
        lambda f: f.quantity,
        example=1,
        is_always_sent=True,
    ),
    PAGE,
    ESTIMATE,
    SHIPMENT_ID,
)

ACCOUNT: tuple[Property[facts.AccountCreated], ...] = (
    Property(
        "CustomerId",
        "string",
        "The shop's id of the customer.",
        lambda f: f.account_id,
        example="706405506930370084",
        is_always_sent=True,
    ),
    Property("Source", "string", "Where the account was made.", lambda f: f.source, example="shopify"),
)

WISH: tuple[Property[facts.ProductWished], ...] = (
    Property("ProductId", "string", "The shop's id of it.", lambda f: f.item.product_id, example="632910392"),
    Property("SKU", "string", "The variant's stock keeping unit.", lambda f: f.item.sku, example="WJ-BL-L"),
    Property(
        "ProductName",
        "string",
        "The product's name.",
        lambda f: f.item.product_name,
        example="Wool jumper",
        is_always_sent=True,
    ),
    Property("VariantName", "string", "The variant's name.", lambda f: f.item.variant_name, example="Blue / L"),
    Property(
        "ImageURL",
        "string",
        "A picture of it.",
        lambda f: f.item.image_url,
        example="https://shop.example/images/wool-jumper.jpg",
    ),
    Property(
        "ProductURL",
        "string",
        "Where it can be bought.",
        lambda f: f.item.product_url,
        example="https://shop.example/products/wool-jumper",
    ),
    Property(
        "OrderRef",
        "string",
        "The order on whose page the shopper found it.",
        lambda f: f.item.order_number,
        example="#1001",
    ),
)

catalog.register(
    Metric(
        number=11,
        key="order_tracking_update",
        name="Order Tracking Update",
        pack=RETURNS_AND_TRACKING,
        fact=facts.TrackingUpdate,
        doc="An order came in, a parcel's status moved on, or a parcel was found to have stalled, to be late or early.",
        unique_id=_identity,
        unique_id_example="track:7001:out_for_delivery:1795423200",
        identity="track:{shipment_id|order:order_id}:{Trigger}:{epoch}",
        occurred_at=lambda f: f.at,
        fresh_until=_fresh_until,
        properties=UPDATE,
        tells_followers=True,
        told_apart_by=("Trigger",),
        profile=PARCEL_PROFILE,
        recheck=rechecks.found_no_more,
        same_as=("shopify_order_created", "shipment_update_received", "order_shipped", "order_delivered"),
        examples={"OrderDeliveredDate": None},
    ),
    Metric(
        number=12,
        key="order_tracking_update_item",
        name="Order Tracking Update Item",
        pack=RETURNS_AND_TRACKING,
        fact=facts.TrackingUpdateItem,
        doc="The same, once for each line of what it is about.",
        unique_id=lambda f: f"{_identity(f)}:item:{f.line.external_id}",
        unique_id_example="track:7001:out_for_delivery:1795423200:item:11",
        identity="{unique id of the Order Tracking Update}:item:{line_item_id}",
        occurred_at=lambda f: f.at,
        fresh_until=_fresh_until,
        properties=ITEM,
        tells_followers=True,
        told_apart_by=("Trigger", "ProductName"),
        recheck=rechecks.found_no_more,
    ),
    Metric(
        number=13,
        key="customer_account_created",
        name="Customer Account Created",
        pack=RETURNS_AND_TRACKING,
        fact=facts.AccountCreated,
        doc="A shopper made an account in the shop.",
        unique_id=lambda f: f"account:{f.account_id}",
        unique_id_example="account:706405506930370084",
        identity="account:{customer_id}",
        occurred_at=lambda f: f.at,
        properties=ACCOUNT,
        profile=(profile.ACCOUNT_CREATED_AT,),
    ),
    Metric(
        number=14,
        key="product_added_to_wishlist",
        name="Product Added to Wishlist",
        pack=RETURNS_AND_TRACKING,
        fact=facts.ProductWished,
        doc="A shopper put a product on the wish list, on the page of an order or elsewhere.",
        unique_id=lambda f: f"wishlist:{f.item.pk}",
        unique_id_example="wishlist:1207",
        identity="wishlist:{wishlist_item_id}",
        occurred_at=lambda f: f.item.added_at,
        properties=WISH,
        told_apart_by=("ProductName",),
    ),
)
