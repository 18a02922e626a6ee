"""News of returns of one order of a jumper and two pairs of socks, told to the services in a line each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from integrations.catalog import catalog
from integrations.models import Merchant
from integrations.sources import Handled
from returns import services
from returns.inputs import ItemInput, ReturnInput
from tests.tracking.telling import AT, DAY, HOUR, make_merchant
from tests.tracking.telling import order as tracking_order
from tracking.inputs import LineInput

PACK = "returns_and_tracking"
LINES = (
    LineInput("11", "Wool jumper", "Blue / L", "WJ-BL-L", price=Decimal("89.50")),
    LineInput("12", "Socks", sku="SOCKS", quantity=2, ordered=2, price=Decimal("9.95")),
)
JUMPER = ItemInput("i1", "11", quantity=1)
SOCKS = ItemInput("i2", "12", quantity=2)


def merchant_with_returns() -> Merchant:
    """A merchant with every metric of the pack on, those of statuses too, as a worker holds it."""
    made = make_merchant(PACK)
    assert {each.key for each in catalog.in_pack(PACK)} >= {"return_created", "return_expiring"}
    return made


def order(merchant: Merchant, key: str = "1", **more: Any) -> Handled:
    """The shop tells of the order."""
    return tracking_order(merchant, key=key, **{"lines": LINES, "currency": "USD", **more})


def send_back(
    merchant: Merchant, key: str = "r1", *, hours: float = 0, reached: Mapping[str, datetime] | None = None, **more: Any
) -> Handled:
    """A source tells of a return of everything, asked for two days after the order, as it was `hours` after that."""
    asked_at = AT + 2 * DAY
    given: dict[str, Any] = {"order_external_id": "1", "items": (JUMPER, SOCKS), "created_at": asked_at}
    told = ReturnInput(external_id=key, updated_at=asked_at + hours * HOUR, reached=reached or {}, **{**given, **more})
    with transaction.atomic():
        return services.ingest_return(merchant=merchant, told=told, at=AT + 3 * DAY)
