"""Indexes for the dashboard and the list of members. The tables are new: nothing waits for them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["merchant", "effective_at"], name="ledger_entry_by_time"),
        ),
        migrations.AddIndex(
            model_name="member",
            index=models.Index(fields=["merchant", "-joined_at", "-id"], name="member_by_time"),
        ),
    ]
