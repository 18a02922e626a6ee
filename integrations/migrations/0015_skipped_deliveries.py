"""An index of the deliveries that were not sent."""

from django.db import migrations, models

from integrations.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("integrations", "0014_customer_by_time"),
    ]

    operations = [
        AddIndexOnline(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "skipped")), fields=["merchant", "event"], name="delivery_skipped"
            ),
        ),
    ]
