"""Deliveries of a past that was asked for: a column with a default of the database's, without rewriting the table."""

from django.db import migrations, models

from integrations.migrating import AddFieldOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("integrations", "0023_loyalty_prefix")]

    operations = [
        AddFieldOnline(
            model_name="delivery",
            name="is_history",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
