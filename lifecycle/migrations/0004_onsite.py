"""When a sign-up was begun, and the rules of what pages tell. No table is rewritten and nobody is kept waiting."""

from django.db import migrations, models

from integrations.migrating import AddFieldOnline, AddIndexOnline

TOLD_BY = [
    ("onsite", "The page's; the log's only where none came from the page"),
    ("script", "The page's, which Klaviyo's own script tells; ours never"),
    ("log", "The log's; the page's never"),
    ("both", "Both"),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("lifecycle", "0003_lists")]

    operations = [
        AddFieldOnline(
            model_name="plan",
            name="started_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        AddIndexOnline(
            model_name="plan",
            index=models.Index(
                condition=models.Q(("box", ""), ("schedule", ""), ("started_at__isnull", False)),
                fields=["merchant", "-started_at", "-id"],
                name="plan_missed",
            ),
        ),
        AddFieldOnline(
            model_name="lifecyclerules",
            name="checkout_told_by",
            field=models.CharField(
                choices=TOLD_BY,
                db_default="onsite",
                default="onsite",
                max_length=6,
                verbose_name="Started Checkout and started.signup",
            ),
        ),
        AddFieldOnline(
            model_name="lifecyclerules",
            name="cancelling_told_by",
            field=models.CharField(
                choices=TOLD_BY,
                db_default="onsite",
                default="onsite",
                max_length=6,
                verbose_name="Cancelled Account and cancelled",
            ),
        ),
        AddFieldOnline(
            model_name="lifecyclerules",
            name="signed_identities_only",
            field=models.BooleanField(db_default=True, default=True, verbose_name="signed identities only"),
        ),
    ]
