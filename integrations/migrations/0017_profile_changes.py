"""Tables of what shoppers consented to, and of what is to be changed of their profiles."""

import django.db.models.deletion
from django.db import migrations, models

from integrations.tenancy import SameMerchant

KINDS = [
    ("subscribe", "Subscribe to marketing"),
    ("unsubscribe", "Unsubscribe from marketing"),
    ("suppress", "Suppress e-mail"),
    ("list_add", "Add to a list"),
    ("upsert", "Update the profile"),
    ("merge", "Merge two profiles"),
    ("erase", "Erase the profile"),
]


def pointing_to(model, name):
    """A relation that is held by `SameMerchant`, to a row that may go."""
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.SET_NULL,
        related_name=name,
        to=model,
    )


def merchant():
    """Whose a row is."""
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="integrations.merchant"
    )


def key():
    """The primary key."""
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("integrations", "0016_events_by_recording")]

    operations = [
        migrations.CreateModel(
            name="ConsentRecord",
            fields=[
                ("id", key()),
                ("channels", models.JSONField(default=list)),
                ("email", models.CharField(blank=True, max_length=254)),
                ("phone", models.CharField(blank=True, max_length=16)),
                ("text", models.TextField()),
                ("version", models.CharField(blank=True, max_length=80)),
                ("source", models.CharField(max_length=80)),
                ("origin", models.CharField(blank=True, max_length=200)),
                ("given_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("customer", pointing_to("integrations.customer", "consent_records")),
                ("merchant", merchant()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "id"), name="consent_of_merchant"),
                    SameMerchant(field="customer", name="consent_customer_same_merchant"),
                ],
                "indexes": [models.Index(fields=["merchant", "customer", "-id"], name="consent_by_customer")],
            },
        ),
        migrations.CreateModel(
            name="ProfileChange",
            fields=[
                ("id", key()),
                ("kind", models.CharField(choices=KINDS, max_length=12)),
                ("email", models.CharField(blank=True, max_length=254)),
                ("phone", models.CharField(blank=True, max_length=16)),
                ("channels", models.JSONField(default=list)),
                ("source", models.CharField(blank=True, max_length=80)),
                ("details", models.JSONField(default=dict)),
                ("asked_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("consent", pointing_to("integrations.consentrecord", "changes")),
                ("customer", pointing_to("integrations.customer", "profile_changes")),
                ("merchant", merchant()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "id"), name="change_of_merchant"),
                    SameMerchant(field="customer", name="change_customer_same_merchant"),
                    SameMerchant(field="consent", name="change_consent_same_merchant"),
                ],
                "indexes": [
                    models.Index(fields=["merchant", "customer", "-id"], name="change_by_customer"),
                    models.Index(fields=["merchant", "-created_at", "-id"], name="change_by_time"),
                ],
            },
        ),
    ]
