"""A reason for what is told by another metric: a word more among the choices, which changes no table."""

from django.db import migrations, models

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
    ("told_elsewhere", "the same was told by another metric"),
    ("too_old", "too old to start anything, and there it can do nothing else"),
]


class Migration(migrations.Migration):
    dependencies = [("integrations", "0024_delivery_is_history")]

    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="reason",
            field=models.CharField(blank=True, choices=REASONS, default="", max_length=16),
        ),
    ]
