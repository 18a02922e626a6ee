"""How the names of loyalty's profile properties begin, and that codes of rewards may run low: no table is rewritten."""

import django.core.validators
from django.db import migrations, models

from integrations.migrating import AddFieldOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("integrations", "0022_customer_merged")]

    operations = [
        AddFieldOnline(
            model_name="merchant",
            name="loyalty_prefix",
            field=models.CharField(
                db_default="loyalty_",
                default="loyalty_",
                help_text="How the names of a shopper's properties begin that tell of points and tiers. After a change those of "
                "the name before stay on the profiles, as they were.",
                max_length=30,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Za-z][A-Za-z0-9_]*\\Z", "A letter, then letters, digits and underscores: loyalty_."
                    )
                ],
                verbose_name="prefix of loyalty's profile properties",
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(
                choices=[
                    ("paused", "Sending is paused"),
                    ("failures", "Events fail"),
                    ("waiting", "Events wait"),
                    ("silent", "Nothing comes in"),
                    ("codes", "Codes of rewards run low"),
                ],
                max_length=10,
            ),
        ),
    ]
