"""Settings that say when something stalls, and what an order keeps of them. One table is altered in one transaction."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tracking.models.policy


def hours(label):
    return models.PositiveSmallIntegerField(
        blank=True,
        default=72,
        null=True,
        validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(2160)],
        verbose_name=label,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0002_same_merchant"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="StalledPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("changes", models.JSONField(blank=True, default=list)),
                ("hours_until_fulfillment", hours("hours until an order counts as stalled")),
                ("hours_before_pickup", hours("hours until a parcel counts as stalled before pick-up")),
                ("hours_in_transit", hours("hours until a parcel counts as stalled in transit")),
                (
                    "excluded_weekdays",
                    models.JSONField(
                        blank=True, default=tracking.models.policy._weekend, verbose_name="excluded weekdays"
                    ),
                ),
                ("home_country", models.CharField(blank=True, max_length=2, verbose_name="home country")),
                (
                    "holiday_country",
                    models.CharField(blank=True, max_length=2, verbose_name="country of public holidays"),
                ),
                (
                    "holiday_region",
                    models.CharField(blank=True, max_length=10, verbose_name="region of public holidays"),
                ),
                ("own_dates", models.JSONField(blank=True, default=list, verbose_name="own dates")),
                ("overrides", models.JSONField(blank=True, default=list)),
                ("problems_off", models.JSONField(blank=True, default=list, verbose_name="problems not told")),
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
            ],
            options={
                "verbose_name_plural": "stalled policies",
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "version"), name="stalled_policy_once"),
                    models.UniqueConstraint(fields=("merchant", "id"), name="stalled_policy_of_merchant"),
                ],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="stalled_policy",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="tracking.stalledpolicy",
            ),
        ),
        migrations.AddField(
            model_name="order", name="stalls_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="order", name="stalled_at", field=models.DateTimeField(blank=True, null=True)
        ),
    ]
