"""What shoppers wish for."""

import django.db.models.deletion
from django.db import migrations, models

import integrations.tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0003_same_merchant"),
        ("tracking", "0013_pages_of_orders"),
    ]

    operations = [
        migrations.CreateModel(
            name="WishlistItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("product", models.CharField(max_length=128)),
                ("product_id", models.CharField(blank=True, max_length=64)),
                ("variant_id", models.CharField(blank=True, max_length=64)),
                ("sku", models.CharField(blank=True, max_length=120)),
                ("product_name", models.CharField(max_length=255)),
                ("variant_name", models.CharField(blank=True, max_length=255)),
                ("image_url", models.URLField(blank=True, max_length=500)),
                ("product_url", models.URLField(blank=True, max_length=500)),
                ("order_number", models.CharField(blank=True, max_length=60)),
                ("added_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="wishlist",
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
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "customer", "product"), name="wishlist_product_once"
                    ),
                    integrations.tenancy.SameMerchant(field="customer", name="wishlist_customer_same_merchant"),
                ],
                "indexes": [models.Index(fields=["merchant", "-added_at", "-id"], name="wishlist_by_time")],
            },
        ),
    ]
