"""Lists of parcels, newest first."""

from django.db import migrations, models

from integrations.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tracking", "0008_scans_of_a_merchant")]

    operations = [
        AddIndexOnline(
            model_name="shipment",
            index=models.Index(fields=["merchant", "-shipped_at", "-id"], name="shipment_by_time"),
        ),
    ]
