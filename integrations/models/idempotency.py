"""Requests that are done once, however often they are sent."""

from __future__ import annotations

from django.db import models

from integrations.models.merchant import Merchant
from integrations.tenancy import MerchantOwned


class IdempotentRequest(MerchantOwned):
    """A request that came with an Idempotency-Key, and its answer, kept for a day. `integrations.api.idempotency` writes it.

    `token` is the prefix of the client's token: each has its own keys. `digest` tells whether a repeat is the same request.
    `status` is 0 while the request is worked on; `headers` are those of the answer that are repeated with it.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    token = models.CharField(max_length=16)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "token", "key"], name="idempotent_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_by_age")]

    def __str__(self) -> str:
        return f"{self.token}… {self.key}"
