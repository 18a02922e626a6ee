"""What the goods of an order cost, and what of it was given back: two columns that may be null, without rewriting the table."""

from django.db import migrations, models

from integrations.migrating import AddFieldOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tracking", "0014_wishlist")]

    operations = [
        AddFieldOnline(
            model_name="order",
            name="net_value",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=16, null=True),
        ),
        AddFieldOnline(
            model_name="order",
            name="net_refunded",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=16, null=True),
        ),
    ]
