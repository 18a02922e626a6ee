"""Who asked to hear of somebody's order: a table, and a column with a default that the database itself gives, without rewriting."""

import django.db.models.deletion
from django.db import migrations, models

import integrations.tenancy
from integrations.migrating import AddFieldOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("integrations", "0021_shopify_flow"), ("tracking", "0016_what_shoppers_do")]

    operations = [
        migrations.CreateModel(
            name="Follower",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="integrations.customer",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="integrations.merchant",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="followers",
                        to="tracking.order",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "order", "customer"), name="follower_once"),
                    integrations.tenancy.SameMerchant(field="order", name="follower_order_same_merchant"),
                    integrations.tenancy.SameMerchant(field="customer", name="follower_customer_same_merchant"),
                ],
                "indexes": [models.Index(fields=["merchant", "customer"], name="follower_by_customer")],
            },
        ),
        AddFieldOnline(
            model_name="order",
            name="is_followed",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
