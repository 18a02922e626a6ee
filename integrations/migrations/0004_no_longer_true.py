"""One reason more for what is not sent. Nothing changes in the database."""

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
    ("uncertain", "may have arrived; too old to send again unasked"),
    ("erased", "the shopper's data was erased"),
]


class Migration(migrations.Migration):
    dependencies = [("integrations", "0003_same_merchant")]

    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="reason",
            field=models.CharField(blank=True, choices=REASONS, default="", max_length=16),
        ),
    ]
