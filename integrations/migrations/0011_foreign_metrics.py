"""What the last check of an account found of other integrations' metrics. The column needs no rewriting of its table."""

from django.db import migrations, models

from integrations.migrating import AddFieldOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("integrations", "0010_daily_list")]

    operations = [
        AddFieldOnline(
            model_name="connection",
            name="foreign_metrics",
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
    ]
