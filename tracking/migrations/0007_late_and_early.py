"""When a parcel is late or early, and when a problem was over. The columns need no rewriting of their tables."""

import django.core.validators
from django.db import migrations, models

from integrations.migrating import AddFieldOnline, AddIndexOnline


def days(label):
    return models.PositiveSmallIntegerField(
        blank=True,
        default=1,
        null=True,
        validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(90)],
        verbose_name=label,
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tracking", "0006_stalled_online")]

    operations = [
        AddFieldOnline(
            model_name="stalledpolicy",
            name="days_until_delayed",
            field=days("days late until a parcel counts as delayed"),
        ),
        AddFieldOnline(
            model_name="stalledpolicy",
            name="days_early",
            field=days("days early from which a parcel counts as arriving early"),
        ),
        AddFieldOnline(
            model_name="issue", name="resolved_at", field=models.DateTimeField(blank=True, null=True)
        ),
        *[
            AddFieldOnline(model_name="shipment", name=name, field=models.DateTimeField(blank=True, null=True))
            for name in ("delays_at", "delayed_at", "early_at")
        ],
        AddIndexOnline(
            model_name="shipment",
            index=models.Index(
                condition=models.Q(("delays_at__isnull", False)), fields=["delays_at"], name="shipment_delays"
            ),
        ),
    ]
