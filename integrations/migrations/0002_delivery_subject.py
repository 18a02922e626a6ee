"""The order of one subject's events is kept without a look at the history: deliveries carry their event's subject."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery

from integrations.migrating import AddFieldOnline, AddIndexOnline, RemoveIndexOnline

ROWS_AT_ONCE = 5_000


def copy_subjects(apps, schema_editor):
    """Only what is not settled yet is asked for its subject, so only that is filled in, some thousand rows at a time."""
    Delivery = apps.get_model("integrations", "Delivery")
    Event = apps.get_model("integrations", "Event")
    subject = Subquery(Event.objects.filter(pk=OuterRef("event")).values("subject")[:1])
    unsettled = Delivery.objects.filter(settled_at=None, subject="").order_by("pk")
    last = 0
    while ids := list(unsettled.filter(pk__gt=last).values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        Delivery.objects.filter(pk__in=ids).update(subject=subject)
        last = ids[-1]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("integrations", "0001_initial"),
    ]

    operations = [
        AddFieldOnline(
            model_name="delivery",
            name="subject",
            field=models.CharField(db_default="", max_length=80),
        ),
        migrations.RunPython(copy_subjects, migrations.RunPython.noop),
        AddIndexOnline(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("attempts__gt", 0), ("state", "pending")),
                fields=["connection", "subject", "id"],
                name="delivery_tried_again",
            ),
        ),
        RemoveIndexOnline(model_name="delivery", name="delivery_tried"),
        AddIndexOnline(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("bulk_attempt__isnull", False)), fields=["bulk_attempt"], name="delivery_by_attempt"
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="bulk_attempt",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=models.deletion.SET_NULL,
                related_name="bulk_deliveries",
                to="integrations.deliveryattempt",
            ),
        ),
    ]
