"""One-time campaigns and their recipients: held apart by merchant from the start."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import integrations.tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0022_customer_merged"),
        ("loyalty", "0007_lists_by_time"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("running", "Running"),
                            ("cancelled", "Cancelled"),
                            ("done", "Done"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                (
                    "points",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "audience",
                    models.CharField(choices=[("filter", "Members who fit"), ("file", "A file")], max_length=8),
                ),
                ("wanted", models.JSONField(blank=True, default=dict)),
                ("left_out", models.JSONField(blank=True, default=dict)),
                ("recipients", models.PositiveIntegerField(default=0)),
                ("given", models.PositiveIntegerField(default=0)),
                ("passed_over", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
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
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="loyalty.reward",
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["merchant", "-id"], name="campaign_by_merchant"),
                    models.Index(
                        condition=models.Q(("state", "running")), fields=["started_at", "id"], name="campaign_running"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "id"), name="campaign_of_merchant"),
                    models.CheckConstraint(
                        condition=models.Q(("points", None), ("reward", None), _connector="OR"),
                        name="campaign_gives_one_thing",
                    ),
                    integrations.tenancy.SameMerchant(field="reward", name="campaign_reward_same_merchant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignRecipient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("points", models.PositiveIntegerField(blank=True, null=True)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Given"),
                            ("erased", "The customer was erased"),
                            ("no_code", "No code was left"),
                            ("retired", "The reward is retired"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="loyalty.campaign",
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
                "indexes": [
                    models.Index(
                        condition=models.Q(("done_at", None)),
                        fields=["merchant", "campaign", "member"],
                        name="campaign_recipient_waiting",
                    ),
                    models.Index(
                        condition=models.Q(("reason", ""), _negated=True),
                        fields=["merchant", "campaign", "reason", "member"],
                        name="campaign_recipient_passed",
                    ),
                    models.Index(fields=["merchant", "member"], name="campaign_recipient_by_member"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "campaign", "member"), name="campaign_recipient_once"),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), ("done_at__isnull", False), _connector="OR"),
                        name="campaign_recipient_passed_over",
                    ),
                    integrations.tenancy.SameMerchant(
                        field="campaign", name="campaign_recipient_campaign_same_merchant"
                    ),
                    integrations.tenancy.SameMerchant(field="member", name="campaign_recipient_member_same_merchant"),
                ],
            },
        ),
    ]
