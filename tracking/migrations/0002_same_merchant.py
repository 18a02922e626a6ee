"""A row hangs on a row of the same merchant: foreign keys over (merchant, id) take the place of those over the id alone."""

import django.db.models.deletion
from django.db import migrations, models

from integrations.migrating import HoldMerchantsApart

CASCADE, SET_NULL = django.db.models.deletion.CASCADE, django.db.models.deletion.SET_NULL

PARENTS = {"order": "order_of_merchant", "shipment": "shipment_of_merchant"}

RELATIONS = [
    (
        "issue",
        "order",
        models.ForeignKey(db_constraint=False, on_delete=CASCADE, related_name="issues", to="tracking.order"),
        "issue_order_same_merchant",
    ),
    (
        "issue",
        "shipment",
        models.ForeignKey(db_constraint=False, on_delete=CASCADE, related_name="issues", to="tracking.shipment"),
        "issue_shipment_same_merchant",
    ),
    (
        "order",
        "customer",
        models.ForeignKey(
            blank=True,
            db_constraint=False,
            db_index=False,
            null=True,
            on_delete=SET_NULL,
            related_name="orders",
            to="integrations.customer",
        ),
        "order_customer_same_merchant",
    ),
    (
        "orderline",
        "order",
        models.ForeignKey(
            db_constraint=False, db_index=False, on_delete=CASCADE, related_name="lines", to="tracking.order"
        ),
        "order_line_order_same_merchant",
    ),
    (
        "scan",
        "shipment",
        models.ForeignKey(
            db_constraint=False, db_index=False, on_delete=CASCADE, related_name="scans", to="tracking.shipment"
        ),
        "scan_shipment_same_merchant",
    ),
    (
        "shipment",
        "order",
        models.ForeignKey(db_constraint=False, on_delete=CASCADE, related_name="shipments", to="tracking.order"),
        "shipment_order_same_merchant",
    ),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("tracking", "0001_initial"),
        ("integrations", "0003_same_merchant"),
    ]

    operations = [
        HoldMerchantsApart(PARENTS, RELATIONS),
    ]
