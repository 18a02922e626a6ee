"""A row hangs on a row of the same merchant: foreign keys over (merchant, id) take the place of those over the id alone."""

import django.db.models.deletion
from django.db import migrations, models

from integrations.migrating import HoldMerchantsApart

CASCADE, SET_NULL = django.db.models.deletion.CASCADE, django.db.models.deletion.SET_NULL

PARENTS = {
    "connection": "connection_of_merchant",
    "customer": "customer_of_merchant",
    "delivery": "delivery_of_merchant",
    "deliveryattempt": "attempt_of_merchant",
    "event": "event_of_merchant",
}

RELATIONS = [
    (
        "customerexternalid",
        "customer",
        models.ForeignKey(
            db_constraint=False, on_delete=CASCADE, related_name="external_ids", to="integrations.customer"
        ),
        "external_id_customer_same_merchant",
    ),
    (
        "delivery",
        "bulk_attempt",
        models.ForeignKey(
            blank=True,
            db_constraint=False,
            db_index=False,
            null=True,
            on_delete=SET_NULL,
            related_name="bulk_deliveries",
            to="integrations.deliveryattempt",
        ),
        "delivery_bulk_attempt_same_merchant",
    ),
    (
        "delivery",
        "connection",
        models.ForeignKey(
            db_constraint=False,
            db_index=False,
            on_delete=CASCADE,
            related_name="deliveries",
            to="integrations.connection",
        ),
        "delivery_connection_same_merchant",
    ),
    (
        "delivery",
        "event",
        models.ForeignKey(
            db_constraint=False, db_index=False, on_delete=CASCADE, related_name="deliveries", to="integrations.event"
        ),
        "delivery_event_same_merchant",
    ),
    (
        "deliveryattempt",
        "connection",
        models.ForeignKey(
            db_constraint=False,
            db_index=False,
            on_delete=CASCADE,
            related_name="attempts",
            to="integrations.connection",
        ),
        "attempt_connection_same_merchant",
    ),
    (
        "deliveryattempt",
        "delivery",
        models.ForeignKey(
            blank=True,
            db_constraint=False,
            null=True,
            on_delete=CASCADE,
            related_name="attempt_log",
            to="integrations.delivery",
        ),
        "attempt_delivery_same_merchant",
    ),
    (
        "event",
        "customer",
        models.ForeignKey(
            blank=True,
            db_constraint=False,
            db_index=False,
            null=True,
            on_delete=SET_NULL,
            related_name="events",
            to="integrations.customer",
        ),
        "event_customer_same_merchant",
    ),
    (
        "inboundmessage",
        "customer",
        models.ForeignKey(
            blank=True,
            db_constraint=False,
            db_index=False,
            null=True,
            on_delete=SET_NULL,
            related_name="+",
            to="integrations.customer",
        ),
        "inbound_customer_same_merchant",
    ),
    (
        "lane",
        "connection",
        models.OneToOneField(db_constraint=False, on_delete=CASCADE, related_name="lane", to="integrations.connection"),
        "lane_connection_same_merchant",
    ),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("integrations", "0002_delivery_subject"),
    ]

    operations = [
        HoldMerchantsApart(PARENTS, RELATIONS),
    ]
