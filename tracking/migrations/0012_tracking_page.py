"""How the shoppers' pages of each merchant look."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import tracking.models.page


def colour(label, default):
    return models.CharField(
        default=default,
        max_length=7,
        validators=[django.core.validators.RegexValidator("^#[0-9a-f]{6}\\Z", "A colour such as #0b6b5d.")],
        verbose_name=label,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0011_foreign_metrics"),
        ("tracking", "0011_orders_of_tests"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrackingPage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "logo_url",
                    models.URLField(
                        blank=True,
                        max_length=500,
                        validators=[django.core.validators.URLValidator(schemes=["https"])],
                        verbose_name="logo",
                    ),
                ),
                ("ground", colour("background", "#f4f2ee")),
                ("card", colour("cards", "#ffffff")),
                ("text", colour("text", "#1c2223")),
                ("accent", colour("accent", "#0b6b5d")),
                ("message", models.CharField(blank=True, max_length=300, verbose_name="message")),
                ("footer", models.CharField(blank=True, max_length=300, verbose_name="small print")),
                ("links", models.JSONField(blank=True, default=list, verbose_name="links")),
                (
                    "days",
                    models.SmallIntegerField(
                        default=90,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(730),
                        ],
                        verbose_name="days after the end",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=tracking.models.page.languages, default="en", max_length=2, verbose_name="language"
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
                "constraints": [models.UniqueConstraint(fields=("merchant",), name="tracking_page_once")],
            },
        ),
    ]
