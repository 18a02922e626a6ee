"""Tables of who was erased, who asked for their data, and which merchants were removed; whether erasures go on to Klaviyo."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import integrations.fields
from integrations.tenancy import SameMerchant


def pointing_to(model, name, **more):
    """A relation that is held by `SameMerchant`."""
    return models.ForeignKey(
        db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name=name, to=model, **more
    )


def merchant():
    """Whose a row is."""
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="integrations.merchant"
    )


def key():
    """The primary key."""
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("integrations", "0019_customer_account")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="erases_profiles",
            field=models.BooleanField(db_default=True, default=True, verbose_name="erase at Klaviyo, too"),
        ),
        migrations.CreateModel(
            name="ErasureKey",
            fields=[
                ("id", key()),
                ("key", integrations.fields.SealedField(default="", editable=False)),
                ("merchant", merchant()),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("merchant",), name="erasure_key_once")]},
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", key()),
                ("actor", models.CharField(max_length=254)),
                ("as_staff", models.BooleanField(default=False)),
                ("at", models.DateTimeField()),
                ("is_passed_on", models.BooleanField()),
                ("emptied", models.JSONField(default=dict)),
                ("looked_again_at", models.DateTimeField(blank=True, null=True)),
                ("customer", pointing_to("integrations.customer", "erasures", db_index=False)),
                ("merchant", merchant()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "id"), name="erasure_of_merchant"),
                    models.UniqueConstraint(fields=("merchant", "customer"), name="erasure_once"),
                    SameMerchant(field="customer", name="erasure_customer_same_merchant"),
                ],
                "indexes": [
                    models.Index(fields=["merchant", "-at", "-id"], name="erasure_by_time"),
                    models.Index(condition=Q(looked_again_at=None), fields=["at"], name="erasure_unfinished"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ErasedIdentity",
            fields=[
                ("id", key()),
                ("digest", models.CharField(max_length=64)),
                ("merchant", merchant()),
                ("erasure", pointing_to("integrations.erasure", "identities")),
            ],
            options={
                "verbose_name_plural": "erased identities",
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "digest", "erasure"), name="erased_identity_once"),
                    SameMerchant(field="erasure", name="erased_identity_erasure_same_merchant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DataRequest",
            fields=[
                ("id", key()),
                ("asked_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answered_by", models.CharField(blank=True, max_length=254)),
                ("customer", pointing_to("integrations.customer", "data_requests", db_index=False)),
                ("merchant", merchant()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(answered_at=None), fields=("merchant", "customer"), name="data_request_open_once"
                    ),
                    SameMerchant(field="customer", name="data_request_customer_same_merchant"),
                ],
                "indexes": [models.Index(fields=["merchant", "customer", "-id"], name="data_request_by_customer")],
            },
        ),
        migrations.CreateModel(
            name="MerchantRemoval",
            fields=[
                ("id", key()),
                ("public_id", models.CharField(max_length=24)),
                ("state_before", models.CharField(max_length=12)),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=254)),
                ("due_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                ("stopped_by", models.CharField(blank=True, max_length=254)),
                ("began_at", models.DateTimeField(blank=True, null=True)),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                ("rows", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(stopped_at=None), fields=("public_id",), name="merchant_removal_open_once"
                    )
                ],
                "indexes": [
                    models.Index(
                        condition=Q(stopped_at=None, removed_at=None), fields=["due_at"], name="merchant_removal_due"
                    )
                ],
            },
        ),
    ]
