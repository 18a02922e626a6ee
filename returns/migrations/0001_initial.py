"""Returns and their items, held apart by merchant from the start."""

import django.db.models.deletion
import integrations.tenancy
import returns.stages
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("integrations", "0011_foreign_metrics"),
        ("tracking", "0007_late_and_early"),
    ]

    operations = [
        migrations.CreateModel(
            name="Return",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(max_length=64)),
                ("order_external_id", models.CharField(blank=True, max_length=64)),
                ("order_number", models.CharField(blank=True, max_length=60)),
                ("new_order_number", models.CharField(blank=True, max_length=60)),
                ("coverage", models.CharField(blank=True, choices=returns.stages.coverage_choices, max_length=12)),
                ("delivery", models.CharField(blank=True, choices=returns.stages.delivery_choices, max_length=12)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("value_minor", models.BigIntegerField(blank=True, null=True)),
                ("status", models.CharField(choices=returns.stages.status_choices, default="requested", max_length=12)),
                ("created_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("in_transit_at", models.DateTimeField(blank=True, null=True)),
                ("received_at", models.DateTimeField(blank=True, null=True)),
                ("refunded_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("expired_at", models.DateTimeField(blank=True, null=True)),
                ("declined_at", models.DateTimeField(blank=True, null=True)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("warns_at", models.DateTimeField(blank=True, null=True)),
                ("warned_at", models.DateTimeField(blank=True, null=True)),
                ("source_updated_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="returns",
                        to="integrations.customer",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="integrations.merchant",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="returns",
                        to="tracking.order",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "external_id"), name="return_once"),
                    models.UniqueConstraint(fields=("merchant", "id"), name="return_of_merchant"),
                    integrations.tenancy.SameMerchant(field="order", name="return_order_same_merchant"),
                    integrations.tenancy.SameMerchant(field="customer", name="return_customer_same_merchant"),
                ],
                "indexes": [
                    models.Index(fields=["merchant", "-created_at", "-id"], name="return_by_time"),
                    models.Index(fields=["merchant", "status", "-created_at", "-id"], name="return_by_status"),
                    models.Index(fields=["merchant", "customer", "-created_at", "-id"], name="return_by_customer"),
                    models.Index(fields=["merchant", "order_external_id"], name="return_by_order"),
                    models.Index(fields=["merchant", "order_number"], name="return_by_number"),
                    models.Index(
                        condition=models.Q(("completed_at", None)),
                        fields=["merchant", "-created_at", "-id"],
                        name="return_waits",
                    ),
                    models.Index(
                        condition=models.Q(("warns_at__isnull", False)), fields=["warns_at"], name="return_warns"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReturnItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(max_length=64)),
                ("line_external_id", models.CharField(blank=True, max_length=64)),
                ("type", models.CharField(blank=True, choices=returns.stages.type_choices, max_length=12)),
                ("coverage", models.CharField(blank=True, choices=returns.stages.coverage_choices, max_length=12)),
                ("quantity", models.PositiveIntegerField()),
                ("sku", models.CharField(blank=True, max_length=120)),
                ("product_name", models.CharField(blank=True, max_length=255)),
                ("variant_name", models.CharField(blank=True, max_length=255)),
                ("new_sku", models.CharField(blank=True, max_length=120)),
                ("new_product_name", models.CharField(blank=True, max_length=255)),
                ("new_variant_name", models.CharField(blank=True, max_length=255)),
                ("value_minor", models.BigIntegerField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                (
                    "merchant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="integrations.merchant",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="returns.return",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("parent", "external_id"), name="return_item_once"),
                    integrations.tenancy.SameMerchant(field="parent", name="return_item_return_same_merchant"),
                ],
                "indexes": [
                    models.Index(fields=["merchant", "parent", "recorded_at", "id"], name="return_item_by_time"),
                ],
            },
        ),
    ]
