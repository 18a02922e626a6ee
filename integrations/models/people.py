"""What people do at a merchant: who was invited, and who changed what."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from integrations.models.merchant import Membership, Merchant
from integrations.tenancy import MerchantOwned


class Invitation(MerchantOwned):
    """A place at a merchant that somebody may take by the link sent to `email`, once. Of the link only a digest is kept."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=8, choices=Membership.Role)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.email} as {self.role} of {self.merchant}"


class AuditEntry(MerchantOwned):
    """Somebody changed something about a merchant: `what` in a few words, `details` a line each. Never a secret.

    `actor` is the user's name as it was then; `as_staff`: a CSM did it, not one of the merchant's people.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    actor = models.CharField(max_length=254)
    as_staff = models.BooleanField(default=False)
    what = models.CharField(max_length=120)
    details = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name_plural = "audit trail"
        indexes = [models.Index(fields=["merchant", "-at", "-id"], name="audit_by_time")]

    def __str__(self) -> str:
        return f"{self.actor}: {self.what}"
