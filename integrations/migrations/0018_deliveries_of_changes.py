"""Deliveries carry changes of profiles beside events. Every step leaves the table open: none rewrites it."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from integrations.migrating import AddCheckedOnline, AddFieldOnline, AddIndexOnline, AddUniqueOnline
from integrations.tenancy import SameMerchant

REASONS = [
    ("", "-"),
    ("before_launch", "waits for the launch date"),
    ("no_identity", "the shopper has no e-mail address and no phone number"),
    ("before_window", "older than the launch window"),
    ("metric_off", "the metric was turned off"),
    ("no_longer_true", "it was no longer true when it was to be sent"),
    ("rejected", "the destination refused it"),
    ("exhausted", "every attempt failed"),
    ("uncertain", "may have arrived; too old to send again unasked"),
    ("erased", "the shopper's data was erased"),
    ("opted_out", "the shopper opted out later than they consented"),
    ("scope_missing", "the key lacks a scope for it"),
]


def deliveries_of(model):
    """The relation from a delivery to what it carries."""
    return models.ForeignKey(
        blank=True,
        db_constraint=False,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="deliveries",
        to=model,
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("integrations", "0017_profile_changes")]

    operations = [
        AddFieldOnline(
            model_name="connection",
            name="marketing_list_id",
            field=models.CharField(blank=True, db_default="", max_length=40),
        ),
        AddFieldOnline(
            model_name="customer", name="updates", field=models.JSONField(blank=True, db_default={}, default=dict)
        ),
        AddFieldOnline(model_name="delivery", name="change", field=deliveries_of("integrations.profilechange")),
        migrations.AlterField(model_name="delivery", name="event", field=deliveries_of("integrations.event")),
        migrations.AlterField(
            model_name="delivery",
            name="reason",
            field=models.CharField(blank=True, choices=REASONS, default="", max_length=16),
        ),
        AddIndexOnline(
            model_name="delivery",
            index=models.Index(
                condition=Q(state="pending", change__isnull=False),
                fields=["connection", "not_before", "id"],
                name="delivery_change_due",
            ),
        ),
        AddIndexOnline(
            model_name="delivery",
            index=models.Index(
                condition=Q(state__in=["pending", "sending"], change__isnull=False),
                fields=["connection", "identifier", "id"],
                name="delivery_change_open",
            ),
        ),
        AddUniqueOnline(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=Q(change__isnull=False), fields=("change", "connection"), name="delivery_change_once"
            ),
        ),
        AddCheckedOnline(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=Q(event__isnull=False, change=None) | Q(event=None, change__isnull=False),
                name="delivery_of_event_or_change",
            ),
        ),
        AddCheckedOnline(
            model_name="delivery", constraint=SameMerchant(field="change", name="delivery_change_same_merchant")
        ),
    ]
