"""A second kind of destination: where an account lives, and a reason for what is too old. No table is rewritten."""

from django.db import migrations, models

from integrations.migrating import AddFieldOnline

STATES = [
    ("held", "Held"),
    ("pending", "Waiting"),
    ("sending", "Sending"),
    ("sent", "Accepted"),
    ("dead", "Failed"),
    ("expired", "Expired: outcome unknown"),
    ("skipped", "Not sent"),
]
REASONS = [
    ("", "-"),
    ("before_launch", "waits for the launch date"),
    ("no_identity", "the shopper has no e-mail address and no phone number"),
    ("before_window", "older than the launch window"),
    ("metric_off", "the metric was turned off"),
    ("no_longer_true", "it was no longer true when it was to be sent"),
    ("rejected", "the destination refused it"),
    ("exhausted", "every attempt failed"),
    ("uncertain", "may have arrived; it is not sent again unasked"),
    ("erased", "the shopper's data was erased"),
    ("opted_out", "the shopper opted out later than they consented"),
    ("scope_missing", "the key lacks a scope for it"),
    ("too_old", "too old to start anything, and there it can do nothing else"),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("integrations", "0020_privacy")]

    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="state",
            field=models.CharField(choices=STATES, default="pending", max_length=8),
        ),
        AddFieldOnline(
            model_name="connection",
            name="address",
            field=models.CharField(blank=True, db_default="", max_length=253),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="reason",
            field=models.CharField(blank=True, choices=REASONS, default="", max_length=16),
        ),
    ]
