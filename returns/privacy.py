"""What returns hold of a shopper, and how it is emptied: texts that may name anybody go, what is counted stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import F, Q, QuerySet

from integrations.disclosure import in_pages, with_children
from integrations.models import Merchant
from integrations.privacy import Holding, register
from returns.models import Return, ReturnItem

ITEM = ("external_id", "type", "quantity", "sku", "product_name", "variant_name", "new_product_name", "value_minor")


def _theirs(merchant: Merchant, customers: Sequence[int]) -> QuerySet[Return]:
    mine: QuerySet[Return] = Return.objects.for_merchant(merchant)
    return mine.filter(Q(customer__in=customers) | Q(order__customer__in=customers))


def _empty(merchant: Merchant, customers: Sequence[int]) -> int:
    theirs = _theirs(merchant, customers)
    items = ReturnItem.objects.for_merchant(merchant).filter(parent__in=theirs.values("pk"))
    items.update(product_name=F("sku"), variant_name="", new_product_name=F("new_sku"), new_variant_name="")
    return int(theirs.count())


def _references(merchant: Merchant, customers: Sequence[int]) -> Iterator[str]:
    """A return that waited for its order was known by its own id, or by the number that its source told."""
    for names in _theirs(merchant, customers).values_list("external_id", "order_number"):
        yield from names


def _tell(merchant: Merchant, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each with its items."""
    columns = ("created_at", "external_id", "order_number", "status", "coverage", "delivery", "currency", "value_minor")
    for page in in_pages(_theirs(merchant, customers), *columns):
        items = ReturnItem.objects.for_merchant(merchant).filter(parent__in=[row["pk"] for row in page])
        yield from with_children(page, "items", items.order_by("pk").values("parent", *ITEM))


register(Holding("returns", _empty, _tell, _references))
