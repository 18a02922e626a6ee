"""When a shopper made an account in the shop: a column that may be null, added without rewriting the table."""

from django.db import migrations, models

from integrations.migrating import AddFieldOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("integrations", "0018_deliveries_of_changes")]

    operations = [
        AddFieldOnline(
            model_name="customer",
            name="account_created_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
