"""Problems of orders without a parcel, and what an issue says of the time that ran out."""

import django.db.models.deletion
from django.db import migrations, models

PROBLEMS = [
    ("FulfillmentStalled", "Order stalled"),
    ("ShipmentStalled", "Parcel stalled"),
    ("ShipmentDeliveryAttempted", "Delivery attempted"),
    ("ShipmentReturnToSender", "Returned to sender"),
]


class Migration(migrations.Migration):
    dependencies = [("tracking", "0004_parcels_stall")]

    operations = [
        migrations.AlterField(
            model_name="issue", name="problem", field=models.CharField(choices=PROBLEMS, max_length=32)
        ),
        migrations.AlterField(
            model_name="issue",
            name="shipment",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="issues",
                to="tracking.shipment",
            ),
        ),
        migrations.AddField(
            model_name="issue", name="still_since", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="issue", name="window_hours", field=models.SmallIntegerField(blank=True, null=True)
        ),
    ]
