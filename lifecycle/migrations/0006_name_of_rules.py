"""What the admin calls the rules. Nothing is changed in the database."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("lifecycle", "0005_told_rulesets")]

    operations = [
        migrations.AlterModelOptions(
            name="lifecyclerules",
            options={"verbose_name": "rules of subscribers", "verbose_name_plural": "rules of subscribers"},
        ),
    ]
