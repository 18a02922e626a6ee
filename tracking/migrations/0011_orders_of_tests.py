"""An index of test orders, which are few: the preview leaves their parcels out, and would read all orders to know them."""

from django.db import migrations, models

from integrations.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tracking", "0010_seldom_statuses")]

    operations = [
        AddIndexOnline(
            model_name="order",
            index=models.Index(
                condition=models.Q(("is_test", True)),
                fields=["merchant", "id"],
                name="order_of_test",
            ),
        ),
    ]
