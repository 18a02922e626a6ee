"""Every row of a merchant's data says whose it is, and every query starts by asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from integrations.models import Merchant

ModelT = TypeVar("ModelT", bound=models.Model, covariant=True)


class MerchantQuerySet(models.QuerySet[ModelT]):
    """A queryset of one merchant's rows, once `for_merchant` was called."""

    def for_merchant(self, merchant: Merchant | int) -> Self:
        """Only the rows of `merchant` (an instance or its primary key)."""
        return self.filter(merchant=merchant)


class MerchantOwned(models.Model):
    """Base of every table that holds a merchant's data. Uniqueness in such a table always includes the merchant."""

    merchant = models.ForeignKey("integrations.Merchant", on_delete=models.CASCADE, related_name="+", db_index=False)

    objects: models.Manager[Any] = MerchantQuerySet.as_manager()

    class Meta:
        abstract = True
