"""Shopify's fulfilments and fulfilment events, as `FulfillmentInput` and `FulfillmentScanInput`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tracking import statuses
from tracking.inputs import FulfillmentInput, FulfillmentScanInput, ParcelInput, ScanInput
from tracking.reading import Meaning, Record, web_link

EVENT_MEANINGS = {
    "label_purchased": Meaning(statuses.PRE_TRANSIT),
    "label_printed": Meaning(statuses.PRE_TRANSIT),
    "confirmed": Meaning(statuses.PRE_TRANSIT),
    "carrier_picked_up": Meaning(statuses.IN_TRANSIT),
    "in_transit": Meaning(statuses.IN_TRANSIT),
    "delayed": Meaning(statuses.IN_TRANSIT, "delayed"),
    "out_for_delivery": Meaning(statuses.OUT_FOR_DELIVERY),
    "attempted_delivery": Meaning(statuses.FAILURE, statuses.DELIVERY_ATTEMPTED, attempt=True),
    "ready_for_pickup": Meaning(statuses.AVAILABLE_FOR_PICKUP),
    "ready_for_recipient_pickup": Meaning(statuses.AVAILABLE_FOR_PICKUP),
    "picked_up": Meaning(statuses.DELIVERED),
    "delivered": Meaning(statuses.DELIVERED),
    "failure": Meaning(statuses.FAILURE),
    "buyer_action_required": Meaning(statuses.FAILURE),
    "returning_to_sender": Meaning(statuses.RETURN_TO_SENDER),
}
"""Words of `FulfillmentEventStatus` (Admin and Customer API), which are those of `shipment_status` too."""

STATES = {
    "pending": "open",
    "open": "open",
    "success": "open",
    "cancelled": "cancelled",
    "failure": "failed",
    "error": "failed",
}
"""States of a fulfilment; one that is not here says nothing against it."""

MOST_PARCELS = 100
"""Tracking numbers of one fulfilment. Each makes a shipment and events of its own: thousands would hold the merchant up."""

_UNKNOWN = Meaning(statuses.UNKNOWN)


def parse_fulfillment(payload: Any, topic: str) -> FulfillmentInput:
    """Read a message of a topic `fulfillments/create` or `update`. Raises `Malformed`."""
    fulfillment = Record(payload, topic)
    return read_fulfillment(fulfillment, order_id=fulfillment.identifier("order_id"), country="")


def read_fulfillment(fulfillment: Record, *, order_id: str, country: str) -> FulfillmentInput:
    """Read a fulfilment of that order, alone or inside its order; `country` is the order's. Raises `Malformed`.

    Its `service` is who packs it ("manual"), not how it travels, so the service level stays unknown.
    """
    created_at = fulfillment.required_instant("created_at")
    updated_at = fulfillment.instant("updated_at") or created_at
    return FulfillmentInput(
        external_id=fulfillment.identifier("id"),
        order_external_id=order_id,
        created_at=created_at,
        updated_at=updated_at,
        state=STATES.get(fulfillment.text("status").lower(), "open"),
        carrier=fulfillment.text("tracking_company"),
        parcels=_parcels(fulfillment),
        items=_items(fulfillment),
        destination_country=fulfillment.child("destination").country("country_code") or country,
        scan=_scan_of_state(fulfillment, updated_at),
    )


def parse_fulfillment_event(payload: Any, topic: str) -> FulfillmentScanInput:
    """Read a message of the topic `fulfillment_events/create`. Raises `Malformed`."""
    event = Record(payload, topic)
    word = event.text("status")
    meaning = EVENT_MEANINGS.get(word.lower(), _UNKNOWN)
    scan = ScanInput(
        status=meaning.status,
        occurred_at=event.instant("happened_at") or event.required_instant("created_at"),
        substatus=meaning.substatus,
        raw_status=word,
        message=event.text("message"),
        city=event.text("city"),
        province=event.text("province"),
        country=event.text("country"),
        postal_code=event.text("zip"),
        attempt=meaning.attempt,
        estimate=event.day("estimated_delivery_at"),
    )
    return FulfillmentScanInput(
        fulfillment_external_id=event.identifier("fulfillment_id"),
        order_external_id=event.optional_identifier("order_id"),
        scan=scan,
    )


def _scan_of_state(fulfillment: Record, updated_at: datetime) -> ScanInput | None:
    word = fulfillment.text("shipment_status")
    if not word:
        return None
    meaning = EVENT_MEANINGS.get(word.lower(), _UNKNOWN)
    return ScanInput(
        status=meaning.status,
        occurred_at=updated_at,
        substatus=meaning.substatus,
        raw_status=word,
        attempt=meaning.attempt,
    )


def _parcels(fulfillment: Record) -> tuple[ParcelInput, ...]:
    """One parcel for each tracking number, in Shopify's order; the single fields count where the lists are empty.

    Raises `Malformed` for too many.
    """
    numbers, links = fulfillment.texts("tracking_numbers"), fulfillment.texts("tracking_urls")
    if len(numbers) > MOST_PARCELS:
        raise fulfillment.complaint("tracking_numbers", f"must have at most {MOST_PARCELS} items")
    if not any(numbers):
        numbers, links = [fulfillment.text("tracking_number")], [fulfillment.text("tracking_url")]
    parcels: dict[str, ParcelInput] = {}
    for index, number in enumerate(numbers):
        if number:
            parcels.setdefault(number, ParcelInput(number, _link(number, index, numbers, links)))
    return tuple(parcels.values()) or (ParcelInput(),)


def _link(number: str, index: int, numbers: list[str], links: list[str]) -> str:
    """The link of a number. The lists are parallel; where they are not, only a link that names it is its own."""
    if len(links) == len(numbers):
        return web_link(links[index])
    return next((web_link(link) for link in links if number in link), "")


def _items(fulfillment: Record) -> tuple[tuple[str, int], ...]:
    items: dict[str, int] = {}
    for line in fulfillment.children("line_items"):
        line_id = line.identifier("id")
        items[line_id] = items.get(line_id, 0) + (line.count("quantity") or 0)
    return tuple(items.items())
