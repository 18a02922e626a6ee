"""What shoppers can do on their pages, as their merchant sets it, and how often something was posted there.

The columns have defaults that the database itself gives, so that nothing is rewritten and the code of yesterday can write rows.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracking", "0015_net_value")]

    operations = [
        migrations.AddField(
            model_name="trackingpage",
            name="by_email",
            field=models.BooleanField(db_default=False, default=False, verbose_name="sign-up by e-mail"),
        ),
        migrations.AddField(
            model_name="trackingpage",
            name="by_sms",
            field=models.BooleanField(db_default=False, default=False, verbose_name="sign-up by SMS"),
        ),
        migrations.AddField(
            model_name="trackingpage",
            name="consent_texts",
            field=models.JSONField(blank=True, db_default={}, default=dict, verbose_name="consent to marketing"),
        ),
        migrations.AddField(
            model_name="trackingpage",
            name="consent_version",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="trackingpage",
            name="has_wishes",
            field=models.BooleanField(db_default=False, default=False, verbose_name="wish list"),
        ),
        migrations.CreateModel(
            name="PostCount",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("hour", models.PositiveIntegerField(db_index=True)),
                ("used", models.PositiveIntegerField()),
            ],
        ),
    ]
