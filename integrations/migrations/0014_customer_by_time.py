"""Lists of customers by the time at which they became known cost what a page costs."""

from django.db import migrations, models

from integrations.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("integrations", "0013_custom_metric"),
    ]

    operations = [
        AddIndexOnline(
            model_name="customer",
            index=models.Index(fields=["merchant", "-created_at", "-id"], name="customer_by_time"),
        ),
    ]
