"""Rewards, their codes, who got which, and of which points members were warned: held apart by merchant from the start."""

from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import integrations.tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0004_tiers_of_members"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reward",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("Free_product", "Free product"),
                            ("Discount_code", "Discount code"),
                            ("Pay_with_points", "Pay with points"),
                            ("Custom", "Custom"),
                        ],
                        max_length=16,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "points_cost",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000000),
                        ],
                        verbose_name="points that it costs",
                    ),
                ),
                (
                    "valid_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(3650),
                        ],
                        verbose_name="days that it can be used",
                    ),
                ),
                (
                    "codes",
                    models.CharField(
                        choices=[
                            ("none", "It has no codes"),
                            ("pool", "From a list that was given"),
                            ("pattern", "Made by a pattern"),
                        ],
                        default="none",
                        max_length=8,
                        verbose_name="where its codes come from",
                    ),
                ),
                (
                    "code_pattern",
                    models.CharField(
                        blank=True,
                        max_length=100,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^(?=(?:[^#]*#){8})[A-Z0-9#-]+\\Z",
                                "Capital letters, digits, hyphens, and at least eight times #, which stands for a character of chance: TEA-########.",
                            )
                        ],
                        verbose_name="pattern of codes",
                    ),
                ),
                (
                    "product_id",
                    models.CharField(blank=True, max_length=64, verbose_name="the shop's id of the product"),
                ),
                (
                    "discount",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=9,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.01")),
                            django.core.validators.MaxValueValidator(Decimal("1000000")),
                        ],
                    ),
                ),
                (
                    "discount_unit",
                    models.CharField(
                        choices=[("amount", "An amount"), ("percent", "Percent")], default="amount", max_length=8
                    ),
                ),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("merchant", "id"), name="reward_of_merchant")],
            },
        ),
        migrations.CreateModel(
            name="RewardCode",
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
                    "reward",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="loyalty.reward",
                    ),
                ),
                ("code", models.CharField(max_length=100)),
                ("taken_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("taken_at", None)),
                        fields=["merchant", "reward", "id"],
                        name="reward_code_to_take",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "code"), name="reward_code_once"),
                    models.UniqueConstraint(fields=("merchant", "id"), name="reward_code_of_merchant"),
                    integrations.tenancy.SameMerchant(field="reward", name="reward_code_reward_same_merchant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="IssuedReward",
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
                        related_name="rewards",
                        to="loyalty.member",
                    ),
                ),
                (
                    "reward",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="loyalty.reward",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("points_redemption", "Points redeemed"),
                            ("shopify_flow_action", "Shopify Flow"),
                            ("one_time_campaign", "One-time campaign"),
                            ("welcome", "Welcome"),
                            ("birthday", "Birthday"),
                        ],
                        max_length=20,
                    ),
                ),
                ("cause", models.CharField(max_length=120)),
                ("points_spent", models.PositiveIntegerField(default=0)),
                (
                    "redemption",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="loyalty.ledgerentry",
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="loyalty.rewardcode",
                    ),
                ),
                ("issued_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("deactivated_at", models.DateTimeField(blank=True, null=True)),
                ("expired_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["merchant", "member", "-id"], name="issued_reward_by_member"),
                    models.Index(
                        condition=models.Q(
                            ("deactivated_at", None),
                            ("expired_at", None),
                            ("expires_at__isnull", False),
                            ("used_at", None),
                        ),
                        fields=["merchant", "expires_at"],
                        name="issued_reward_expires",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "cause"), name="issued_reward_cause_once"),
                    models.UniqueConstraint(fields=("merchant", "id"), name="issued_reward_of_merchant"),
                    models.UniqueConstraint(
                        condition=models.Q(("code__isnull", False)),
                        fields=("merchant", "code"),
                        name="issued_reward_code_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("points_spent", 0), ("redemption", None)),
                            models.Q(("points_spent__gt", 0), ("redemption__isnull", False)),
                            _connector="OR",
                        ),
                        name="issued_reward_paid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("deactivated_at", None), ("used_at", None)),
                            models.Q(("expired_at", None), ("used_at", None)),
                            models.Q(("deactivated_at", None), ("expired_at", None)),
                            _connector="OR",
                        ),
                        name="issued_reward_ends_once",
                    ),
                    integrations.tenancy.SameMerchant(field="member", name="issued_reward_member_same_merchant"),
                    integrations.tenancy.SameMerchant(field="reward", name="issued_reward_reward_same_merchant"),
                    integrations.tenancy.SameMerchant(
                        field="redemption", name="issued_reward_redemption_same_merchant"
                    ),
                    integrations.tenancy.SameMerchant(field="code", name="issued_reward_code_same_merchant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExpiryWarning",
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
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                ("window_days", models.PositiveSmallIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "expires_at", "member", "window_days"), name="expiry_warning_once"
                    ),
                    integrations.tenancy.SameMerchant(field="member", name="expiry_warning_member_same_merchant"),
                ],
            },
        ),
    ]
