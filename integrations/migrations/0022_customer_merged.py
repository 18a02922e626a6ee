"""Who a shopper turned out to be: a column that may be null, without rewriting the table or keeping anybody waiting."""

import django.db.models.deletion
from django.db import migrations, models

from integrations.migrating import AddCheckedOnline, AddFieldOnline, AddIndexOnline
from integrations.tenancy import SameMerchant


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("integrations", "0021_shopify_flow")]

    operations = [
        AddFieldOnline(
            model_name="customer",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="merged",
                to="integrations.customer",
            ),
        ),
        AddCheckedOnline(
            model_name="customer", constraint=SameMerchant(field="merged_into", name="customer_merged_same_merchant")
        ),
        AddIndexOnline(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["merchant", "merged_into"],
                name="customer_merged",
            ),
        ),
    ]
