"""Indexes of the orders and parcels that are seldom: cancelled orders, and parcels that went wrong."""

from django.db import migrations, models

from integrations.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tracking", "0009_shipments_by_time")]

    operations = [
        AddIndexOnline(
            model_name="order",
            index=models.Index(
                condition=models.Q(("cancelled_at__isnull", False)),
                fields=["merchant", "-placed_at", "-id"],
                name="order_cancelled",
            ),
        ),
        AddIndexOnline(
            model_name="shipment",
            index=models.Index(
                condition=models.Q(
                    (
                        "status__in",
                        ("available_for_pickup", "return_to_sender", "failure", "error", "cancelled"),
                    )
                ),
                fields=["merchant", "status", "-shipped_at", "-id"],
                name="shipment_seldom",
            ),
        ),
    ]
