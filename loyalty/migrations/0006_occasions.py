"""What is given when members register and in their birth months. Every step leaves the tables open: none rewrites one."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import loyalty.models.programme
from integrations.migrating import AddCheckedOnline, AddFieldOnline, AddIndexOnline
from integrations.tenancy import SameMerchant


def points(name):
    """Points that are given on an occasion."""
    return models.PositiveIntegerField(
        db_default=0,
        default=0,
        validators=[django.core.validators.MaxValueValidator(1000000)],
        verbose_name=name,
    )


def gift(name):
    """A reward that is given on an occasion."""
    return models.ForeignKey(
        blank=True,
        db_constraint=False,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="loyalty.reward",
        verbose_name=name,
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("loyalty", "0005_rewards")]

    operations = [
        AddFieldOnline(
            model_name="member", name="registered_at", field=models.DateTimeField(blank=True, null=True)
        ),
        AddFieldOnline(
            model_name="member", name="birth_month_at", field=models.DateTimeField(blank=True, null=True)
        ),
        AddFieldOnline(
            model_name="member",
            name="birthday_year",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        AddIndexOnline(
            model_name="member",
            index=models.Index(
                condition=models.Q(("birth_month__isnull", False)),
                fields=["merchant", "birth_month", "birthday_year", "id"],
                name="member_birthday",
            ),
        ),
        AddFieldOnline(model_name="programme", name="welcome_points", field=points("welcome points")),
        AddFieldOnline(model_name="programme", name="welcome_reward", field=gift("welcome reward")),
        AddFieldOnline(model_name="programme", name="birthday_points", field=points("birthday points")),
        AddFieldOnline(model_name="programme", name="birthday_reward", field=gift("birthday reward")),
        AddFieldOnline(
            model_name="programme",
            name="expiring_windows",
            field=models.JSONField(
                blank=True,
                db_default=[30],
                default=loyalty.models.programme._windows,
                validators=[loyalty.models.programme.check_windows],
                verbose_name="days before points run out on which members are warned",
            ),
        ),
        AddCheckedOnline(
            model_name="programme",
            constraint=SameMerchant(field="welcome_reward", name="programme_welcome_same_merchant"),
        ),
        AddCheckedOnline(
            model_name="programme",
            constraint=SameMerchant(field="birthday_reward", name="programme_birthday_same_merchant"),
        ),
    ]
