"""The tier that a member holds: columns that may be null, without rewriting the table or keeping anybody waiting."""

import django.db.models.deletion
from django.db import migrations, models

from integrations.migrating import AddCheckedOnline, AddFieldOnline, AddIndexOnline
from integrations.tenancy import SameMerchant


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("loyalty", "0003_tiers")]

    operations = [
        AddFieldOnline(
            model_name="member",
            name="tier",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="loyalty.tier",
            ),
        ),
        AddFieldOnline(
            model_name="member",
            name="tier_since",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        AddFieldOnline(
            model_name="member",
            name="tier_expires_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        AddCheckedOnline(
            model_name="member",
            constraint=models.CheckConstraint(
                condition=models.Q(("tier__isnull", False), ("tier_expires_at", None), _connector="OR"),
                name="member_tier_expires_a_tier",
            ),
        ),
        AddCheckedOnline(
            model_name="member", constraint=SameMerchant(field="tier", name="member_tier_same_merchant")
        ),
        AddIndexOnline(
            model_name="member",
            index=models.Index(
                condition=models.Q(("tier_expires_at__isnull", False)),
                fields=["merchant", "tier_expires_at"],
                name="member_tier_ends",
            ),
        ),
    ]
