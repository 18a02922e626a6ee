"""What clients of the REST API show."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned


class Token(models.Model):
    """A client's token: only its prefix and its SHA-256 are kept. `integrations.tokens` makes and checks them.

    `used` counts the requests of `minute` (minutes since 1970), for `integrations.allowance`, which also notes
    `last_used_at` with the first request of each minute.
    """

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    minute = models.BigIntegerField(default=0, db_default=0, editable=False)
    used = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class ApiToken(Token, MerchantOwned):
    """The token of a merchant's client."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="api_tokens")


class StaffToken(Token):
    """The token of a CSM's client, which names the merchant that it acts for in each request."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="staff_tokens")
