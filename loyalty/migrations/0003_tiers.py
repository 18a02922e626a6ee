"""Tiers, and how members came into them and out."""

import django.core.validators
import django.db.models.deletion
import integrations.tenancy
import loyalty.models.tier
from decimal import Decimal
from django.db import migrations, models


def amount(label, most):
    return models.BigIntegerField(
        default=0,
        validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(most)],
        verbose_name=label,
    )


def tier():
    return models.ForeignKey(
        blank=True,
        db_constraint=False,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="loyalty.tier",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0018_deliveries_of_changes"),
        ("loyalty", "0002_entries_by_time"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tier",
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
                    "key",
                    models.CharField(
                        max_length=40,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9][a-z0-9_-]*$", "Small letters, digits, - and _: gold."
                            )
                        ],
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("spending", "By spending"), ("custom", "By hand")], default="spending", max_length=8
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                (
                    "names",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        validators=[loyalty.models.tier.validate_names],
                        verbose_name="names in other languages",
                    ),
                ),
                ("entry_minor", amount("spend to enter", 10**15)),
                ("maintain_minor", amount("spend to maintain", 10**15)),
                (
                    "period_days",
                    models.PositiveSmallIntegerField(
                        default=365,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(3650),
                        ],
                        verbose_name="days of a period",
                    ),
                ),
                (
                    "points_per_unit",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=7,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0")),
                            django.core.validators.MaxValueValidator(Decimal("10000")),
                        ],
                        verbose_name="points for each unit of currency",
                    ),
                ),
                ("bonus_points", amount("bonus points", 10**9)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "key"), name="tier_once"),
                    models.UniqueConstraint(fields=("merchant", "id"), name="tier_of_merchant"),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "spending"), ("retired_at", None)),
                        fields=("merchant", "entry_minor"),
                        name="tier_entry_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("maintain_minor__gte", 0), ("maintain_minor__lte", models.F("entry_minor"))),
                        name="tier_maintain_in_entry",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind", "spending"), ("entry_minor", 0), _connector="OR"),
                        name="tier_custom_asks_nothing",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TierTransition",
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
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transitions",
                        to="loyalty.member",
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("spending_downgrade", "Downgrade"),
                            ("spending_upgrade", "Upgrade"),
                            ("spending_extend", "Kept for another period"),
                            ("spending_assign", "Placed by spending"),
                            ("manual_assign", "By hand"),
                        ],
                        max_length=20,
                    ),
                ),
                ("cause", models.CharField(max_length=120)),
                ("from_tier", tier()),
                ("to_tier", tier()),
                ("spend_minor", models.BigIntegerField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("actor", models.CharField(blank=True, max_length=254)),
                ("effective_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["merchant", "member", "-id"], name="tier_transition_by_member")],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "cause"), name="tier_transition_once"),
                    models.CheckConstraint(
                        condition=models.Q(("from_tier__isnull", False), ("to_tier__isnull", False), _connector="OR"),
                        name="tier_transition_of_a_tier",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("to_tier__isnull", False), ("expires_at", None), _connector="OR"),
                        name="tier_transition_ends_a_tier",
                    ),
                    integrations.tenancy.SameMerchant(field="member", name="tier_transition_member_same_merchant"),
                    integrations.tenancy.SameMerchant(field="from_tier", name="tier_transition_from_same_merchant"),
                    integrations.tenancy.SameMerchant(field="to_tier", name="tier_transition_to_same_merchant"),
                ],
            },
        ),
    ]
