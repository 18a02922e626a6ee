"""What returns have to tell of why there is no event: they wait for their order or items, or a metric was off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from integrations import timeline, untold
from integrations.catalog import Fact
from integrations.models import Merchant
from integrations.timeline import About, Entry, Kind
from returns.case import Case
from returns.models import Return, ReturnItem
from returns.services import steps

MOST = 50
"""Returns of one timeline, the newest."""

WAITS = {
    "order": "Its order is not known here yet. When it comes, the return is told of.",
    "items": "Nobody has told yet what comes back.",
}


@timeline.register
def tell(merchant: Merchant, about: About) -> Iterable[Entry]:
    """The returns of the orders that nothing was told of, and what was not told of the others. Four statements."""
    mine = Return.objects.for_merchant(merchant).filter(order_number__in=about.orders)
    found = list(mine.select_related("order", "customer").order_by("-created_at", "-pk")[:MOST])
    for row in found:
        if row.waits_for:
            title = f"The return {row.external_id} waits for its {row.waits_for}"
            yield Entry(row.created_at, title, WAITS[row.waits_for], "warn", kind=Kind.AWAITED)
    yield from untold.entries(merchant, _happened(merchant, found))


def _happened(merchant: Merchant, rows: Sequence[Return]) -> Iterator[Fact]:
    """All that there was to tell of those that are complete. What is sent back of a test order was never sent."""
    items: dict[int, list[ReturnItem]] = {}
    for item in ReturnItem.objects.for_merchant(merchant).filter(parent__in=rows).order_by("id"):
        items.setdefault(item.parent_id, []).append(item)
    for row in rows:
        if not row.waits_for and row.order and not row.order.is_test:
            yield from steps.all_that_happened(Case(merchant, row, row.order, items.get(row.pk, [])))
