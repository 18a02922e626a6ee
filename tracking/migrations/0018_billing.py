"""When an order was billed and completed, its day of delivery by schedule, and the categories of what was ordered: columns that may
be null, without rewriting a table or keeping anybody waiting.
"""

from django.db import migrations, models

from integrations.migrating import AddFieldOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tracking", "0017_followers")]

    operations = [
        AddFieldOnline(
            model_name="order", name="billed_at", field=models.DateTimeField(blank=True, null=True)
        ),
        AddFieldOnline(
            model_name="order", name="completed_at", field=models.DateTimeField(blank=True, null=True)
        ),
        AddFieldOnline(model_name="order", name="scheduled_on", field=models.DateField(blank=True, null=True)),
        AddFieldOnline(model_name="orderline", name="categories", field=models.JSONField(blank=True, null=True)),
    ]
