"""Indexes of deadlines, one issue of each type for an order, and orders that keep settings of their own merchant only."""

import django.db.models.deletion
from django.db import migrations, models

from integrations.migrating import AddIndexOnline, AddUniqueOnline, HoldMerchantsApart

POLICY = models.ForeignKey(
    blank=True,
    db_constraint=False,
    db_index=False,
    null=True,
    on_delete=django.db.models.deletion.DO_NOTHING,
    related_name="+",
    to="tracking.stalledpolicy",
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tracking", "0005_issues_of_orders")]

    operations = [
        HoldMerchantsApart({}, [("order", "stalled_policy", POLICY, "order_policy_same_merchant")]),
        *[
            AddIndexOnline(
                model_name=model,
                index=models.Index(
                    condition=models.Q(("stalls_at__isnull", False)), fields=["stalls_at"], name=f"{model}_stalls"
                ),
            )
            for model in ("order", "shipment")
        ],
        AddUniqueOnline(
            model_name="issue",
            constraint=models.UniqueConstraint(
                condition=models.Q(("shipment", None)), fields=("order", "problem"), name="issue_of_order_once"
            ),
        ),
    ]
