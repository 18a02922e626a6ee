"""A merchant's scans in the order of their parcels, read from the index alone; a parcel's own are found in it as before."""

from django.db import migrations, models

from integrations.migrating import AddIndexOnline, RemoveIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tracking", "0007_late_and_early")]

    operations = [
        AddIndexOnline(
            model_name="scan",
            index=models.Index(fields=["merchant", "shipment", "-occurred_at"], name="scan_of_parcel"),
        ),
        RemoveIndexOnline(model_name="scan", name="scan_by_time"),
    ]
