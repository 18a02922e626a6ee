"""An index of events by when they were recorded, for lists of a stretch of recording."""

from django.db import migrations, models

from integrations.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("integrations", "0015_skipped_deliveries"),
    ]

    operations = [
        AddIndexOnline(
            model_name="event",
            index=models.Index(fields=["merchant", "recorded_at"], name="event_by_recording"),
        ),
    ]
