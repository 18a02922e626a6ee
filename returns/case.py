"""A return with its order and its items, read once and worked on in one transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

from integrations import locking
from integrations.models import Merchant
from returns.models import Return, ReturnItem
from tracking import money
from tracking.models import Order


@dataclass(slots=True)
class Case:
    """All that events of a return are built from. Services keep it in step with what they write.

    `items` are read only where they are needed: events of a status do without.
    """

    merchant: Merchant
    row: Return
    order: Order | None
    items: list[ReturnItem] = field(default_factory=list)

    @classmethod
    def locked(cls, merchant: Merchant, external_id: str) -> Case | None:
        """Read and lock a return and, before it, its order; None where there is no such return. Three queries."""
        mine = Return.objects.for_merchant(merchant).filter(external_id=external_id)
        order_id = mine.values_list("order", flat=True).first()
        order = locked_order(merchant, pk=order_id) if order_id else None
        row = mine.select_for_update(of=("self",)).select_related("customer").first()
        return cls(merchant, locking.with_customer(row), order) if row else None

    def read_items(self) -> None:
        """Read the items: one query."""
        mine = ReturnItem.objects.for_merchant(self.merchant).filter(parent=self.row)
        self.items = list(mine.order_by("id"))

    @property
    def known_order(self) -> Order:
        """The order. Raises `LookupError` where it is not known yet: nothing is told of such a return."""
        if self.order is None:
            raise LookupError(f"the order of the return {self.row.external_id} is not known")
        return self.order

    @property
    def quantity(self) -> int:
        """Units that come back."""
        return sum(each.quantity for each in self.items)

    @property
    def value(self) -> Decimal | None:
        """What the return is worth in major units: what its source says, else the sum of what is known of its items."""
        return self.row.value if self.row.value_minor is not None else self._sum_of(self.items)

    def value_of(self, item: ReturnItem) -> Decimal | None:
        """What an item is worth in major units."""
        return self._sum_of([item])

    def _sum_of(self, items: Collection[ReturnItem]) -> Decimal | None:
        known = [each.value_minor for each in items if each.value_minor is not None]
        return money.major(sum(known), self.row.currency) if known else None


def locked_order(merchant: Merchant, **order: object) -> Order | None:
    """Read and lock the only order of the merchant that these values name; None where there is none, or more than one.

    Who locks a return locks its order first: news of the order are written in that order too.
    """
    mine = Order.objects.for_merchant(merchant).filter(**order).select_related("customer")
    found = list(mine.select_for_update(of=("self",)).order_by("pk")[:2])
    return locking.with_customer(found[0]) if len(found) == 1 else None
