"""Who asked that a shopper be forgotten or told, or a merchant removed, when, and what came of it. Never about whom."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.fields import SealedField
from integrations.models.customer import Customer
from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned, SameMerchant


class ErasureKey(MerchantOwned):
    """The key of a merchant's digests of erased addresses: made with its first erasure, and never another.

    Chance of its own, sealed: keys of the ring come and go (`rotation` seals it anew), and the digests stay what they are.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = SealedField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant"], name="erasure_key_once")]

    def __str__(self) -> str:
        return f"erasure key of {self.merchant}"


class Erasure(MerchantOwned):
    """A shopper was erased: the record of it. `integrations.erasure` writes it.

    `customer` is the row that is left, which names nobody. `actor` is who asked: a person, a client's token, a source.
    `emptied` counts what was emptied by kind. `is_passed_on`: the destinations were asked to delete the profile, too; how that
    went is with the deliveries of the change. `looked_again_at` is when what was being written at that moment was emptied, too.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="erasures", db_index=False, db_constraint=False
    )
    actor = models.CharField(max_length=254)
    as_staff = models.BooleanField(default=False)
    at = models.DateTimeField()
    is_passed_on = models.BooleanField()
    emptied = models.JSONField(default=dict)
    looked_again_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "id"], name="erasure_of_merchant"),
            models.UniqueConstraint(fields=["merchant", "customer"], name="erasure_once"),
            SameMerchant(field="customer", name="erasure_customer_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "-at", "-id"], name="erasure_by_time"),
            models.Index(fields=["at"], condition=Q(looked_again_at=None), name="erasure_unfinished"),
        ]

    def __str__(self) -> str:
        return f"erasure of customer {self.customer_id}"


class ErasedIdentity(MerchantOwned):
    """An address or an id of an erased shopper, as a keyed digest: by it a late message is known, and by nothing else here."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="identities", db_constraint=False)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "erased identities"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "digest", "erasure"], name="erased_identity_once"),
            SameMerchant(field="erasure", name="erased_identity_erasure_same_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.digest[:8]}…"


class DataRequest(MerchantOwned):
    """A shopper asked the shop for their data. `answered_at` is when somebody fetched it, by whom says `answered_by`."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="data_requests", db_index=False, db_constraint=False
    )
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "customer"], condition=Q(answered_at=None), name="data_request_open_once"
            ),
            SameMerchant(field="customer", name="data_request_customer_same_merchant"),
        ]
        indexes = [models.Index(fields=["merchant", "customer", "-id"], name="data_request_by_customer")]

    def __str__(self) -> str:
        return f"data request of customer {self.customer_id}"


class MerchantRemoval(models.Model):
    """A merchant is to be removed, or was: what stays of it. `integrations.removal` writes it.

    `public_id` was the merchant's name in addresses. From `due_at` on it is removed; until then it may be stopped, and goes on
    in `state_before`. `asked_by` and `stopped_by` are people, tokens or sources. `rows` counts what was removed.
    """

    public_id = models.CharField(max_length=24)
    state_before = models.CharField(max_length=12)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=254)
    due_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.CharField(max_length=254, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["public_id"], condition=Q(stopped_at=None), name="merchant_removal_open_once"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(stopped_at=None, removed_at=None), name="merchant_removal_due")
        ]

    def __str__(self) -> str:
        return f"removal of {self.public_id}"
