"""Batches of codes for offline purchases, and which codes were used: held apart by merchant from the start."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import integrations.tenancy


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("loyalty", "0008_campaigns"),
    ]

    operations = [
        # It changes nothing in the database.
        migrations.AlterField(
            model_name="member",
            name="source",
            field=models.CharField(
                choices=[
                    ("order", "An order"),
                    ("shop", "The shop's customers"),
                    ("offline", "A code from an offline purchase"),
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="OfflineBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "merchant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="integrations.merchant",
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "points",
                    models.PositiveIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                        verbose_name="points of each code",
                    ),
                ),
                (
                    "size",
                    models.PositiveIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                        verbose_name="how many codes",
                    ),
                ),
                ("used", models.PositiveIntegerField(default=0, editable=False)),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "offline batches",
                "indexes": [
                    models.Index(fields=["merchant", "-created_at", "-id"], name="offline_batch_by_time"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "id"), name="offline_batch_of_merchant"),
                    models.CheckConstraint(
                        condition=models.Q(("used__lte", models.F("size"))), name="offline_batch_used_in_size"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsedCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="loyalty.offlinebatch",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "entry",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="loyalty.ledgerentry",
                    ),
                ),
                ("used_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["merchant", "batch", "-used_at", "-id"], name="used_code_by_batch"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "batch", "number"), name="used_code_once"),
                    models.UniqueConstraint(fields=("merchant", "entry"), name="used_code_entry_once"),
                    integrations.tenancy.SameMerchant(field="batch", name="used_code_batch_same_merchant"),
                    integrations.tenancy.SameMerchant(field="entry", name="used_code_entry_same_merchant"),
                ],
            },
        ),
    ]
