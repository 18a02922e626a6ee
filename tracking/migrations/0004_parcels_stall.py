"""When a parcel stalls."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracking", "0003_stalled_policy")]

    operations = [
        migrations.AddField(model_name="shipment", name=name, field=models.DateTimeField(blank=True, null=True))
        for name in ("last_scan_at", "stalls_at", "stalled_at")
    ]
