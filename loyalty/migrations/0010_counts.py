"""Who got a reward, and how often it was given; a reward that is made once; placing everybody anew, step by step.

Every step leaves the tables open: none rewrites one.
"""

from django.db import migrations, models

from integrations.migrating import AddFieldOnline, AddIndexOnline, AddUniqueOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("loyalty", "0009_offline_codes")]

    operations = [
        AddIndexOnline(
            model_name="issuedreward",
            index=models.Index(fields=["merchant", "reward", "-issued_at", "-id"], name="issued_reward_by_reward"),
        ),
        AddFieldOnline(
            model_name="reward", name="once", field=models.UUIDField(blank=True, editable=False, null=True)
        ),
        AddUniqueOnline(
            model_name="reward",
            constraint=models.UniqueConstraint(
                condition=models.Q(("once__isnull", False)), fields=("merchant", "once"), name="reward_made_once"
            ),
        ),
        AddFieldOnline(
            model_name="loyaltyclock", name="placing_at", field=models.DateTimeField(blank=True, null=True)
        ),
        AddFieldOnline(
            model_name="loyaltyclock", name="placing_after", field=models.BigIntegerField(db_default=0, default=0)
        ),
        AddFieldOnline(
            model_name="loyaltyclock", name="placing_moved", field=models.BigIntegerField(db_default=0, default=0)
        ),
    ]
