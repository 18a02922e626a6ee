"""Indexes for the lists of members in a tier, and of rewards. Neither keeps anybody waiting."""

from django.db import migrations, models

from integrations.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("loyalty", "0006_occasions")]

    operations = [
        AddIndexOnline(
            model_name="member",
            index=models.Index(
                condition=models.Q(("tier__isnull", False)),
                fields=["merchant", "tier", "-joined_at", "-id"],
                name="member_by_tier",
            ),
        ),
        AddIndexOnline(
            model_name="reward",
            index=models.Index(fields=["merchant", "-created_at", "-id"], name="reward_by_time"),
        ),
    ]
