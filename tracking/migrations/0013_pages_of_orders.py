"""The token that leads to the shopper's page of an order, and the language that the order was placed in.

Two columns that may be null are added without rewriting the table; orders from before get a token when they need one.
"""

from django.db import migrations, models

from integrations.migrating import AddFieldOnline, AddUniqueOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tracking", "0012_tracking_page")]

    operations = [
        AddFieldOnline(
            model_name="order", name="locale", field=models.CharField(blank=True, max_length=12, null=True)
        ),
        AddFieldOnline(
            model_name="order",
            name="page_token",
            field=models.CharField(blank=True, editable=False, max_length=32, null=True),
        ),
        AddUniqueOnline(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(("page_token__gt", "")), fields=("page_token",), name="order_page_once"
            ),
        ),
    ]
