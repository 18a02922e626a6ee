"""An index for the entries that had nothing to tell: few among many, and counted whenever the log is looked at. Nobody is kept waiting."""

from django.db import migrations, models

from integrations.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("lifecycle", "0006_name_of_rules")]

    operations = [
        AddIndexOnline(
            model_name="activity",
            index=models.Index(
                fields=["merchant", "-occurred_at", "-id"],
                condition=models.Q(("parsed_at__isnull", False), models.Q(("note", ""), _negated=True)),
                name="activity_untold",
            ),
        ),
    ]
