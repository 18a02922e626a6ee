"""The shapes in which every source tells of returns.

Parsers make these from a vendor's JSON and know no models; `returns.services` takes them and knows no vendor. Texts are
cleaned and cut by the services; instants are aware; money is a `Decimal` in major units. What is unknown is "" or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from integrations.people import NOBODY, PersonInput


@dataclass(frozen=True, slots=True)
class ItemInput:
    """One line of a return. `line_external_id` is the order's line that it comes of, which says what is not told here.

    `quantity` None: not told. `value` is what all its units are worth. What begins with `new_` is what an exchange gives.
    """

    external_id: str
    line_external_id: str = ""
    quantity: int | None = None
    type: str = ""
    coverage: str = ""
    sku: str = ""
    product_name: str = ""
    variant_name: str = ""
    new_sku: str = ""
    new_product_name: str = ""
    new_variant_name: str = ""
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ReturnInput:
    """A return as one message describes it.

    The order is named by its id in the shop, or, where a source does not know that, by its number. `reached` are the statuses
    that it has reached with their instants; `is_open` says that it has not ended, or not any more. `value` is the whole
    return's, where the source tells it apart from its items. `expires_at` is until when it may be sent.
    """

    external_id: str
    created_at: datetime
    updated_at: datetime
    order_external_id: str = ""
    order_number: str = ""
    person: PersonInput = NOBODY
    coverage: str = ""
    delivery: str = ""
    new_order_number: str = ""
    currency: str = ""
    value: Decimal | None = None
    expires_at: datetime | None = None
    reached: Mapping[str, datetime] = field(default_factory=dict)
    is_open: bool = False
    items: tuple[ItemInput, ...] = ()


@dataclass(frozen=True, slots=True)
class RefundedInput:
    """Money was given back for lines of an order; `return_external_id` is the return that it was for, if the shop says so."""

    order_external_id: str
    at: datetime
    return_external_id: str = ""
    line_external_ids: tuple[str, ...] = ()
