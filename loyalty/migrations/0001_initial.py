"""Members, their ledger, what orders granted, and the rules: held apart by merchant from the start."""

import django.core.validators
import django.db.models.deletion
import integrations.tenancy
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("integrations", "0018_deliveries_of_changes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Member",
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
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="integrations.customer",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("activated", "Activated"), ("registered", "Registered")],
                        default="activated",
                        max_length=12,
                    ),
                ),
                ("status_at", models.DateTimeField()),
                (
                    "source",
                    models.CharField(choices=[("order", "An order"), ("shop", "The shop's customers")], max_length=12),
                ),
                ("balance", models.BigIntegerField(default=0, editable=False)),
                ("balance_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("birth_month", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("joined_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "customer"), name="member_once"),
                    models.UniqueConstraint(fields=("merchant", "id"), name="member_of_merchant"),
                    models.CheckConstraint(
                        condition=models.Q(("birth_month", None), ("birth_month__range", (1, 12)), _connector="OR"),
                        name="member_birth_month",
                    ),
                    integrations.tenancy.SameMerchant(field="customer", name="member_customer_same_merchant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Programme",
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
                ("version", models.PositiveIntegerField(default=0)),
                ("effective_at", models.DateTimeField()),
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
                ("changes", models.JSONField(blank=True, default=list)),
                (
                    "points_per_unit",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("1"),
                        max_digits=7,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0")),
                            django.core.validators.MaxValueValidator(Decimal("10000")),
                        ],
                        verbose_name="points for each unit of currency",
                    ),
                ),
                (
                    "pending_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(365)],
                        verbose_name="days after fulfilment until points count",
                    ),
                ),
                (
                    "expiry",
                    models.CharField(
                        choices=[
                            ("after_days", "So many days after they were added"),
                            ("inactivity", "So many days after the member last bought or redeemed"),
                            ("never", "Never"),
                        ],
                        default="after_days",
                        max_length=12,
                        verbose_name="when points run out",
                    ),
                ),
                (
                    "expiry_days",
                    models.PositiveSmallIntegerField(
                        default=365,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(3650),
                        ],
                        verbose_name="days until points run out",
                    ),
                ),
                (
                    "expires_at_month_end",
                    models.BooleanField(default=False, verbose_name="points run out at the end of a month"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["merchant", "-effective_at", "-version"], name="programme_in_force")],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "version"), name="programme_once"),
                    models.UniqueConstraint(fields=("merchant", "id"), name="programme_of_merchant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
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
                        related_name="entries",
                        to="loyalty.member",
                    ),
                ),
                ("points", models.BigIntegerField()),
                ("balance_after", models.BigIntegerField()),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("purchase", "Purchase"),
                            ("manual", "By hand"),
                            ("birthday_bonus", "Birthday bonus"),
                            ("welcome_bonus", "Welcome bonus"),
                            ("tier_bonus", "Tier bonus"),
                            ("reward_redemption_reverted", "Redemption reverted"),
                            ("one_time_campaign", "One-time campaign"),
                            ("shopify_flow_action", "Shopify Flow"),
                            ("offline_purchase", "Offline purchase"),
                            ("order_refund", "Refund of an order"),
                            ("reward_redemption", "Redemption"),
                            ("expiry", "Expiry"),
                        ],
                        max_length=28,
                    ),
                ),
                ("cause", models.CharField(max_length=120)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("actor", models.CharField(blank=True, max_length=254)),
                ("order_external_id", models.CharField(blank=True, max_length=64)),
                ("order_number", models.CharField(blank=True, max_length=60)),
                ("effective_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "ledger entries",
                "indexes": [models.Index(fields=["merchant", "member", "-id"], name="ledger_entry_by_member")],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "cause"), name="ledger_cause_once"),
                    models.UniqueConstraint(fields=("merchant", "id"), name="ledger_entry_of_merchant"),
                    models.CheckConstraint(
                        condition=models.Q(("points", 0), _negated=True), name="ledger_entry_moves_points"
                    ),
                    integrations.tenancy.SameMerchant(field="member", name="ledger_entry_member_same_merchant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Lot",
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
                        related_name="lots",
                        to="loyalty.member",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lots",
                        to="loyalty.ledgerentry",
                    ),
                ),
                (
                    "programme",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="loyalty.programme",
                    ),
                ),
                ("points", models.BigIntegerField()),
                ("remaining", models.BigIntegerField()),
                ("effective_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["merchant", "entry"], name="lot_by_entry"),
                    models.Index(
                        condition=models.Q(("remaining__gt", 0)), fields=["merchant", "member"], name="lot_to_spend"
                    ),
                    models.Index(
                        condition=models.Q(("expires_at__isnull", False), ("remaining__gt", 0)),
                        fields=["merchant", "expires_at", "member"],
                        name="lot_expires",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "id"), name="lot_of_merchant"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("points__gt", 0), ("remaining__gte", 0), ("remaining__lte", models.F("points"))
                        ),
                        name="lot_remaining_in_points",
                    ),
                    integrations.tenancy.SameMerchant(field="member", name="lot_member_same_merchant"),
                    integrations.tenancy.SameMerchant(field="entry", name="lot_entry_same_merchant"),
                    integrations.tenancy.SameMerchant(field="programme", name="lot_programme_same_merchant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Allocation",
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
                    "entry",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="allocations",
                        to="loyalty.ledgerentry",
                    ),
                ),
                (
                    "lot",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="allocations",
                        to="loyalty.lot",
                    ),
                ),
                ("points", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["merchant", "entry"], name="allocation_by_entry"),
                    models.Index(fields=["merchant", "lot"], name="allocation_by_lot"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("points", 0), _negated=True), name="allocation_moves_points"
                    ),
                    integrations.tenancy.SameMerchant(field="entry", name="allocation_entry_same_merchant"),
                    integrations.tenancy.SameMerchant(field="lot", name="allocation_lot_same_merchant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Grant",
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
                        related_name="grants",
                        to="loyalty.member",
                    ),
                ),
                (
                    "programme",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="loyalty.programme",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="grants",
                        to="loyalty.ledgerentry",
                    ),
                ),
                ("order_external_id", models.CharField(max_length=64)),
                ("order_number", models.CharField(max_length=60)),
                ("net_minor", models.BigIntegerField()),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("points", models.BigIntegerField()),
                ("reversed_points", models.BigIntegerField(default=0)),
                ("activates_at", models.DateTimeField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["merchant", "member", "-id"], name="grant_by_member"),
                    models.Index(
                        condition=models.Q(("activates_at__isnull", False), ("entry", None)),
                        fields=["merchant", "activates_at"],
                        name="grant_activates",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "order_external_id"), name="grant_once"),
                    models.UniqueConstraint(fields=("merchant", "id"), name="grant_of_merchant"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("points__gt", 0), ("reversed_points__gte", 0), ("reversed_points__lte", models.F("points"))
                        ),
                        name="grant_reversed_in_points",
                    ),
                    integrations.tenancy.SameMerchant(field="member", name="grant_member_same_merchant"),
                    integrations.tenancy.SameMerchant(field="programme", name="grant_programme_same_merchant"),
                    integrations.tenancy.SameMerchant(field="entry", name="grant_entry_same_merchant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LoyaltyClock",
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
                ("done_on", models.DateField()),
            ],
            options={
                "indexes": [models.Index(fields=["done_on"], name="loyalty_clock_by_day")],
                "constraints": [models.UniqueConstraint(fields=("merchant",), name="loyalty_clock_once")],
            },
        ),
    ]
