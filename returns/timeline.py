"""What returns have to tell of why there is no event yet: they wait for their order, or for their items."""

from __future__ import annotations

from collections.abc import Iterable

from integrations import timeline
from integrations.models import Merchant
from integrations.timeline import About, Entry, Kind
from returns.models import Return

MOST = 50
"""Returns of one timeline, the newest."""

WAITS = {
    "order": "Its order is not known here yet. When it comes, the return is told of.",
    "items": "Nobody has told yet what comes back.",
}


@timeline.register
def tell(merchant: Merchant, about: About) -> Iterable[Entry]:
    """The returns of the orders that nothing was told of. One statement."""
    waiting = Return.objects.for_merchant(merchant).filter(order_number__in=about.orders, completed_at=None)
    for row in waiting.order_by("-created_at", "-pk")[:MOST]:
        title = f"The return {row.external_id} waits for its {row.waits_for}"
        yield Entry(row.created_at, title, WAITS[row.waits_for], "warn", kind=Kind.AWAITED)
