"""The shapes in which every source tells of orders, shipments and scans.

Parsers (`tracking.shopify`, `tracking.carriers`) make these from a vendor's JSON and know no models; `tracking.services` takes
them and knows no vendor. Texts are cleaned and cut to the model's length by the services; instants are aware datetimes;
money is a `Decimal` in major units. An unknown text is "", an unknown instant or amount None.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from integrations.catalog import bounded_identity
from integrations.people import NOBODY, PersonInput


@dataclass(frozen=True, slots=True)
class LineInput:
    """One line of an order. `quantity` is what is still ordered (after edits and refunds); `ordered` what was ordered first.

    `categories` are the names of those that the product is in; None where the source does not tell.
    """

    external_id: str
    product_name: str
    variant_name: str = ""
    sku: str = ""
    product_id: str = ""
    variant_id: str = ""
    quantity: int = 1
    ordered: int = 1
    price: Decimal | None = None
    requires_shipping: bool = True
    image_url: str = ""
    product_url: str = ""
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ScanInput:
    """One tracking update of a parcel, in the canonical words of `tracking.statuses`.

    `raw_status` keeps the carrier's own words. `estimate` is the delivery date promised by this scan, if it says one.
    `attempt` marks a delivery that was tried and failed, with another try to come.
    """

    status: str
    occurred_at: datetime
    substatus: str = ""
    raw_status: str = ""
    message: str = ""
    city: str = ""
    province: str = ""
    country: str = ""
    postal_code: str = ""
    attempt: bool = False
    estimate: date | None = None


@dataclass(frozen=True, slots=True)
class ParcelInput:
    """One parcel of a fulfilment: its tracking number ("" while there is none) and the carrier's page for it."""

    tracking_number: str = ""
    tracking_url: str = ""


@dataclass(frozen=True, slots=True)
class FulfillmentInput:
    """What a shop shipped together: one shipment for each parcel.

    `state` is "open", "cancelled" or "failed". `items` is (line external id, quantity). `scan` is the shop's own word on
    where the parcels are, if it gives one.
    """

    external_id: str
    order_external_id: str
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    carrier: str = ""
    service_level: str = ""
    parcels: tuple[ParcelInput, ...] = (ParcelInput(),)
    items: tuple[tuple[str, int], ...] = ()
    destination_country: str = ""
    scan: ScanInput | None = None


@dataclass(frozen=True, slots=True)
class OrderInput:
    """An order as one message describes it.

    `number` is the order's name in the shop ("#1001"). `cancelled_at` is set only by a message that may tell of a cancellation
    (not by the topic that tells of the creation). `billed_at` is when its billing succeeded, `completed_at` when it was marked
    completed, `scheduled_on` the day of delivery by the shopper's schedule. `is_paid` says that nothing stands against working
    on it: it is paid, authorised, or free. `net_value` is what its goods cost after discounts, without shipping, as the shop
    shows prices: with tax where they include it; `net_refunded` is what of it was refunded or taken off since. `locale` is the
    language that the shopper ordered in ("de", "en-CA").
    """

    external_id: str
    number: str
    created_at: datetime
    updated_at: datetime
    person: PersonInput = NOBODY
    currency: str = ""
    total: Decimal | None = None
    net_value: Decimal | None = None
    net_refunded: Decimal | None = None
    is_test: bool = False
    is_paid: bool = False
    billed_at: datetime | None = None
    completed_at: datetime | None = None
    scheduled_on: date | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str = ""
    status_url: str = ""
    destination_country: str = ""
    locale: str = ""
    lines: tuple[LineInput, ...] = ()
    fulfillments: tuple[FulfillmentInput, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountInput:
    """A shopper made an account in the shop. `source` is where, in words that Klaviyo shows ("shopify"), and `method` how.

    `person.external_id` is never "": it is the account's id.
    """

    person: PersonInput
    created_at: datetime
    source: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class WishInput:
    """A product that a shopper wants to remember; `order_number` is the order on whose page they found it."""

    product_name: str
    variant_name: str = ""
    product_id: str = ""
    variant_id: str = ""
    sku: str = ""
    image_url: str = ""
    product_url: str = ""
    order_number: str = ""

    @property
    def product(self) -> str:
        """By what it is known: the shop's id of the variant, else of the product, else the SKU, else its names."""
        ids = (("variant", self.variant_id), ("product", self.product_id), ("sku", self.sku))
        named = ("name", f"{self.product_name} / {self.variant_name}")
        return bounded_identity(":".join(next((pair for pair in ids if pair[1]), named)))


@dataclass(frozen=True, slots=True)
class RefundInput:
    """Units taken off an order: (line external id, quantity), so that they are no longer waited for."""

    external_id: str
    order_external_id: str
    created_at: datetime
    removed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class FulfillmentScanInput:
    """A shop's tracking event: it names the fulfilment, not the parcel."""

    fulfillment_external_id: str
    order_external_id: str
    scan: ScanInput


@dataclass(frozen=True, slots=True)
class TrackerInput:
    """A parcel as its carrier describes it: always with the whole history that the message carries, in the message's order.

    `status` is the carrier's own summary ("" where it gives none: then the scans speak). `estimate` is the newest delivery date,
    `promise` the first one where the carrier tells it. `is_test` marks a vendor's test mode, whose estimates mean nothing.
    """

    tracking_number: str
    carrier: str
    status: str = ""
    substatus: str = ""
    message: str = ""
    status_at: datetime | None = None
    service_level: str = ""
    tracking_url: str = ""
    estimate: date | None = None
    promise: date | None = None
    is_test: bool = False
    scans: tuple[ScanInput, ...] = ()
