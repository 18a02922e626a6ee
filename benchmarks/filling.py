"""Merchants and their history, made by the database itself: a few statements, whatever the number of rows.

`python -m benchmarks.filling backlog MERCHANTS EVENTS EACH` fills the empty database of DATABASE_URL with a backlog that waits
to be sent, EACH events of every shopper; `... orders COUNT` with one merchant's orders of which nothing is told yet;
`... intake` with one merchant whose hook may be called; `... scale MERCHANTS EVENTS` with a year of history; `... stalled PARCELS
DUE` with parcels, some of which stand still; `... preview PARCELS` with ninety days of three merchants, PARCELS of each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django
from django.db import connection, models
from django.utils import timezone

from benchmarks.bare_tables import bare_tables
from benchmarks.environment import KEY
from benchmarks.load import DOMAIN, MERCHANT, PUBLIC_ID, SECRET

EACH = 5
"""Events of one shopper at scale."""

PROPERTIES = """
{"OrderNumber": "#<n>", "OrderId": "8209829<n>", "ShipmentId": "2558580<n>:1Z999AA1<n>", "TrackingNumber": "1Z999AA1<n>",
 "Carrier": "UPS", "CarrierFriendly": "UPS", "ServiceLevel": "Ground", "Status": "in_transit",
 "StatusMessage": "Departed from facility", "StatusAt": "2026-11-20T09:30:00+00:00",
 "ShippedAt": "2026-11-19T16:05:00+00:00", "EstimatedDeliveryDate": "2026-11-24",
 "CarrierTrackingUrl": "https://www.ups.com/track?tracknum=1Z999AA1<n>", "DestinationCountry": "US",
 "ShipmentIndex": 1, "ShipmentCount": 1, "ItemNames": ["Wool jumper", "Socks"],
 "Items": [{"ProductName": "Wool jumper", "VariantName": "M / dark green", "SKU": "JUMPER-M-GREEN", "Quantity": 1,
            "Price": 89.0, "ImageUrl": "https://cdn.shop.example/products/jumper.jpg"},
           {"ProductName": "Socks", "VariantName": "42", "SKU": "SOCKS-42", "Quantity": 2, "Price": 9.5}]}
"""
"""A parcel's event with two products. `<n>` is replaced by the order's number."""

METRICS = (
    "shopify_order_created",
    "shipment_created",
    "shipment_update_received",
    "shipment_update_received",
    "shipment_update_received",
)
"""What is told of one order, in this order."""


def insert(model: type[models.Model], source: str, /, **expressions: str) -> None:
    """Insert one row of `model` for each row of `source`. `expressions` is SQL by column; the others get the model's defaults."""
    fields: list[models.Field[Any, Any]] = [
        field for field in model._meta.concrete_fields if not field.primary_key or field.attname in expressions
    ]
    values: list[str] = []
    defaults: list[Any] = []
    for field in fields:
        if field.attname in expressions:
            values.append(expressions[field.attname])
        else:
            values.append(f"%s::{field.db_type(connection)}")
            defaults.append(field.get_db_prep_save(field.get_default(), connection))
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    statement = f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {', '.join(values)} FROM {source}"
    with connection.cursor() as cursor:
        cursor.execute(statement, defaults)


def add_merchants(count: int) -> None:
    """Launched merchants with the metrics of orders turned on, numbered from 1."""
    from integrations.fields import Sealed
    from integrations.models import Connection, Lane, Merchant
    from integrations.onboarding import metrics_of

    launched = timezone.now() - timedelta(days=400)
    merchants = Merchant.objects.bulk_create(Merchant(name=f"Shop {number}") for number in range(1, count + 1))
    connections = Connection.objects.bulk_create(
        Connection(
            merchant=merchant,
            secret=Sealed.of(KEY),
            enabled_metrics=metrics_of(["order_tracking", "order_status"]),
            launch_at=launched,
            launched_at=launched,
        )
        for merchant in merchants
    )
    Lane.objects.bulk_create(Lane(merchant=each.merchant, connection=each) for each in connections)


def add_shoppers(
    count: int, *, merchant: str, placed_at: str, shipped_at: str | None = None, carrier: str = "'UPS'"
) -> None:
    """Customers numbered from 1, each with an order in a parcel. What is given is SQL of the number `n`; orders leave at once
    where `shipped_at` is not.
    """
    from integrations.models import Customer
    from tracking.models import Order, Shipment

    shipped_at = shipped_at or placed_at
    numbers = f"generate_series(1, {count}) AS n"
    insert(
        Customer,
        numbers,
        id="n",
        merchant_id=merchant,
        email="'shopper-' || n || '@mail.example'",
        first_name="'Ann'",
        last_name="'Shopper'",
        created_at=placed_at,
    )
    insert(
        Order,
        numbers,
        id="n",
        merchant_id=merchant,
        external_id="'8209829' || n",
        number="'#' || n",
        customer_id="n",
        currency="'USD'",
        total="108.00",
        placed_at=placed_at,
        source_updated_at=placed_at,
        processing_at=placed_at,
        shipped_at=shipped_at,
        recorded_at=placed_at,
    )
    insert(
        Shipment,
        numbers,
        id="n",
        merchant_id=merchant,
        order_id="n",
        external_id="'2558580' || n || ':1Z999AA1' || n",
        fulfillment_id="'2558580' || n",
        tracking_number="'1Z999AA1' || n",
        carrier=carrier,
        carrier_url="'https://www.ups.com/track?tracknum=1Z999AA1' || n",
        status="'in_transit'",
        status_at=shipped_at,
        shipped_at=shipped_at,
        source_updated_at=placed_at,
        recorded_at=placed_at,
    )


def add_events(count: int, *, each: int, every: str, **delivery: str) -> None:
    """Events numbered from 1, `each` of one shopper, oldest first and `every` (an SQL interval) apart from shopper to shopper,
    each with its delivery. `delivery` is SQL by column for what the deliveries differ in.
    """
    from integrations.catalog import catalog
    from integrations.models import Delivery, Event

    shoppers = -(-count // each)
    at = f"now() - ({shoppers} - c.id) * interval '{every}' - interval '1 minute'"
    place = f"[1 + n %% {len(METRICS)}]"
    names = [catalog.metrics[key].name.format(prefix="Tidings") for key in METRICS]
    text = PROPERTIES.replace("\n", "").replace("'", "''")
    insert(
        Event,
        f"generate_series(1, {count}) AS n JOIN integrations_customer c ON c.id = 1 + (n - 1) / {each}",
        id="n",
        merchant_id="c.merchant_id",
        metric=f"(ARRAY{list(METRICS)}){place}",
        metric_name=f"(ARRAY{names}){place}",
        customer_id="c.id",
        unique_id="'shipment:2558580' || c.id || ':' || n",
        subject="'order:8209829' || c.id",
        order_number="'#' || c.id",
        tracking_number="'1Z999AA1' || c.id",
        occurred_at=f"date_trunc('second', {at})",
        recorded_at=at,
        properties=f"replace('{text}', '<n>', c.id::text)::jsonb",
    )
    insert(
        Delivery,
        "integrations_event e JOIN integrations_customer c ON c.id = e.customer_id "
        "JOIN integrations_connection k ON k.merchant_id = e.merchant_id",
        id="e.id",
        merchant_id="e.merchant_id",
        event_id="e.id",
        connection_id="k.id",
        identifier="c.email",
        subject="e.subject",
        not_before="e.recorded_at",
        window_at="e.occurred_at",
        created_at="e.recorded_at",
        **delivery,
    )


def finish() -> None:
    """Let the numbering go on after what was inserted, and the planner know it."""
    from django.apps import apps

    with connection.cursor() as cursor:
        for app in ("integrations", "loyalty", "returns", "tracking"):
            for model in apps.get_app_config(app).get_models():
                if isinstance(model._meta.pk, models.AutoField):
                    table, column = model._meta.db_table, model._meta.pk.column
                    cursor.execute(
                        f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), coalesce(max({column}), 0) + 1)"
                        f" FROM {table}"
                    )
        cursor.execute("VACUUM (ANALYZE)")


def fill_backlog(merchants: int, events: int, each: int) -> None:
    """Events of the last minutes that wait to be sent, `each` of one shopper, every merchant's in turn."""
    add_merchants(merchants)
    add_shoppers(-(-events // each), merchant=f"1 + n %% {merchants}", placed_at="now() - interval '1 day'")
    add_events(events, each=each, every="10 milliseconds")
    finish()


def add_messages(count: int) -> None:
    """A handled message about every shopper's order. Bodies are short: nobody reads them here."""
    from integrations.models import InboundMessage

    insert(
        InboundMessage,
        f"integrations_customer c WHERE c.id <= {count}",
        merchant_id="c.merchant_id",
        source="'shopify'",
        topic="'orders/create'",
        key="'w-' || c.id",
        body="convert_to('{\"id\": 8209829' || c.id || '}', 'UTF8')",
        received_at="c.created_at",
        handled_at="c.created_at",
        state="'handled'",
        attempts="1",
        note="'order #' || c.id",
        reference="'#' || c.id",
        customer_id="c.id",
    )


def fill_scale(merchants: int, events: int) -> None:
    """A year of history, all of it delivered: a fifth of the shoppers is the first merchant's, two fifths are ten others'."""
    shoppers = events // EACH
    every = f"{365 * 24 * 3600 / shoppers:.3f} seconds"
    merchant = (
        f"CASE WHEN n %% 5 = 0 THEN 1 WHEN n %% 5 < 3 THEN 2 + (n / 5) %% 10 ELSE 12 + (n / 5) %% {merchants - 11} END"
    )
    add_merchants(merchants)
    with bare_tables():
        add_shoppers(shoppers, merchant=merchant, placed_at=f"now() - ({shoppers} - n) * interval '{every}'")
        add_messages(shoppers)
        add_events(
            events,
            each=EACH,
            every=every,
            state="'sent'",
            attempts="1",
            first_attempt_at="e.recorded_at",
            settled_at="e.recorded_at",
        )
    open_hook()
    finish()


def fill_orders(count: int) -> None:
    """Orders of one merchant, without history."""
    add_merchants(1)
    add_shoppers(count, merchant="1", placed_at="now() - interval '1 day'")
    finish()


def open_hook() -> None:
    """Let `benchmarks.load` post to the first merchant."""
    from integrations import merchants
    from integrations.models import Merchant, ShopDomain

    merchant = Merchant.objects.get(pk=MERCHANT)
    merchant.public_id = PUBLIC_ID
    merchant.save()
    ShopDomain.objects.create(merchant=merchant, domain=DOMAIN)
    merchants.set_source_secret(merchant, "shopify", SECRET, at=timezone.now())


def fill_intake() -> None:
    """One merchant whose hook may be called."""
    add_merchants(1)
    open_hook()
    finish()


def fill_stalled(parcels: int, due: int) -> None:
    """Parcels of a hundred merchants, every other one delivered; `due` of the open ones have stood still for ten days."""
    add_merchants(100)
    age = f"CASE WHEN n %% {parcels // due} = 0 THEN interval '10 days' ELSE interval '1 day' END"
    with bare_tables():
        add_shoppers(parcels, merchant="1 + n %% 100", placed_at=f"now() - {age}")
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE tracking_shipment SET status = 'delivered', delivered_at = now() WHERE id %% 2 = 1", []
            )
            cursor.execute(
                "UPDATE tracking_shipment SET stalls_at = CASE WHEN id %% %s = 0 THEN now() - interval '1 minute'"
                " ELSE now() + id %% 200 * interval '1 hour' + interval '1 day' END WHERE id %% 2 = 0",
                [parcels // due],
            )
    finish()


WAYS_OF_PARCELS = """
    (SELECT id, merchant_id, place, last, shipped_at + sum(gap) OVER (PARTITION BY id ORDER BY place) AS at
     FROM tracking_shipment, LATERAL (SELECT 4 + id %% 5 AS last) its, LATERAL generate_series(1, last) AS place,
        LATERAL (SELECT interval '1 hour' * (2 + random() * 34 + CASE WHEN id %% 20 = 0 AND place = 3
            THEN 72 + random() * 72 ELSE 0 END) AS gap) each
    ) way WHERE at < now() ORDER BY at
"""
"""Scans of parcels: four to eight of each, up to 36 hours apart, but that every twentieth parcel stands still once."""

LAST_WORDS = """
    UPDATE tracking_shipment SET status = scan.status, status_at = scan.occurred_at, last_scan_at = scan.occurred_at,
        delivered_at = CASE WHEN scan.status = 'delivered' THEN scan.occurred_at END
    FROM (SELECT DISTINCT ON (shipment_id) shipment_id, status, occurred_at FROM tracking_scan
          ORDER BY shipment_id, occurred_at DESC) scan
    WHERE scan.shipment_id = id
"""


def fill_preview(parcels: int) -> None:
    """Ninety days of three merchants, so many parcels of each and their scans. Some of the newest orders have not left."""
    from tracking.models import OrderLine, Scan

    count = 3 * parcels
    placed_at = f"now() - ({count} - n) * interval '90 days' / {count}"
    add_merchants(3)
    with bare_tables(), connection.cursor() as cursor:
        add_shoppers(
            count,
            merchant="1 + n %% 3",
            placed_at=placed_at,
            shipped_at=f"{placed_at} + interval '1 hour' * (2 + n * 37 %% 400 / 10.0"
            " + CASE WHEN n %% 25 = 0 THEN 60 ELSE 0 END)",
            carrier="(ARRAY['UPS', 'USPS', 'DHL'])[1 + n / 3 %% 3]",
        )
        insert(
            OrderLine,
            "tracking_order",
            merchant_id="merchant_id",
            order_id="id",
            external_id="'1'",
            product_name="'Wool jumper'",
            quantity="1",
            ordered="1",
        )
        cursor.execute("DELETE FROM tracking_shipment WHERE shipped_at > now()")
        cursor.execute("UPDATE tracking_order SET shipped_at = NULL WHERE shipped_at > now()")
        cursor.execute("SELECT setseed(0.5)")
        insert(
            Scan,
            WAYS_OF_PARCELS,
            merchant_id="merchant_id",
            shipment_id="id",
            fingerprint="md5(id || ':' || place)",
            status="CASE place WHEN 1 THEN 'pre_transit' WHEN last THEN 'delivered' ELSE 'in_transit' END",
            occurred_at="at",
            recorded_at="at",
        )
        cursor.execute(LAST_WORDS)
    finish()


KINDS: dict[str, Callable[..., None]] = {
    "backlog": fill_backlog,
    "orders": fill_orders,
    "intake": fill_intake,
    "scale": fill_scale,
    "stalled": fill_stalled,
    "preview": fill_preview,
}

if __name__ == "__main__":
    django.setup()
    KINDS[sys.argv[1]](*(int(argument) for argument in sys.argv[2:]))
