"""By which it is seen that a feed's pages lead in a circle."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lifecycle", "0007_activity_untold")]

    operations = [
        migrations.AddField(
            model_name=name,
            name="mark",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        )
        for name in ("logfeed", "logsync")
    ]
