"""AfterShip's trackings. The tag of a tracking is its status, whatever the last checkpoint says."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from integrations.sources import BadSignature, Envelope, Handled, hmac_sha256, matches
from tracking import statuses
from tracking.carriers.base import Carrier, in_order, status_time
from tracking.inputs import ScanInput, TrackerInput
from tracking.reading import Meaning, Record

_DELAYED = Meaning(statuses.IN_TRANSIT, "delayed")

TAGS = {
    "Pending": Meaning(statuses.UNKNOWN),
    "InfoReceived": Meaning(statuses.PRE_TRANSIT),
    "InTransit": Meaning(statuses.IN_TRANSIT),
    "OutForDelivery": Meaning(statuses.OUT_FOR_DELIVERY),
    "AttemptFail": Meaning(statuses.FAILURE, statuses.DELIVERY_ATTEMPTED, attempt=True),
    "Delivered": Meaning(statuses.DELIVERED),
    "AvailableForPickup": Meaning(statuses.AVAILABLE_FOR_PICKUP),
    "Exception": Meaning(statuses.FAILURE),
    "Expired": Meaning(statuses.UNKNOWN),
}

SUBTAGS = {
    "Exception_004": _DELAYED,  # customs clearance
    "Exception_005": _DELAYED,  # external factors
    "Exception_016": _DELAYED,  # processing
    "Exception_017": _DELAYED,  # extreme weather
    "Exception_010": Meaning(statuses.RETURN_TO_SENDER),  # on its way back
    "Exception_011": Meaning(statuses.RETURN_TO_SENDER),  # back
    "Exception_013": Meaning(statuses.ERROR),  # lost
}
"""Sub-tags that say more than their tag does. All others (moved, refused, wrong address) mean what it means."""

EVENTS = frozenset({"tracking_update", "edd_revise", "tracking_pending_time"})
BARE_TRACKING = "tracking"


class AfterShip(Carrier):
    """AfterShip Tracking's webhooks, signed with the webhook secret."""

    kind = "aftership"
    label = "AfterShip"
    signature_header = "aftership-hmac-sha256"

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
        """Compare the base64 HMAC-SHA256 of the raw body. Raises `BadSignature`."""
        given = headers.get("aftership-hmac-sha256", "").strip()
        if not given:
            raise BadSignature(f"the header {self.signature_header} is missing")
        if not matches(given, [_signature(body, secret) for secret in secrets if secret]):
            raise BadSignature(f"the header {self.signature_header} does not match the body and any of the secrets")

    def envelope(self, payload: Any, headers: Mapping[str, str]) -> Envelope:
        """A webhook says its event and id; a tracking as the API answers it says neither. Raises `Malformed`."""
        body = Record(payload, "aftership")
        if body.has("tracking_number") or body.has("data"):
            return Envelope(topic=BARE_TRACKING)
        return Envelope(topic=body.required_text("event"), delivery_id=body.text("event_id"))

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return {"aftership-hmac-sha256": _signature(body, secret)}

    def parse(self, payload: Any) -> TrackerInput | Handled:
        """Read a webhook, or one tracking as the API answers it, with or without its envelope. Raises `Malformed`."""
        topic = self.envelope(payload, {}).topic
        body = Record(payload, f"aftership {topic}")
        if topic != BARE_TRACKING:
            return _tracker(body.required_child("msg")) if topic in EVENTS else Handled(f"topic {topic} is not used")
        if body.has("tracking_number"):
            return _tracker(body)
        return _tracker(body.required_child("data").required_child("tracking"))


def _signature(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac_sha256(secret, body)).decode()


def _tracker(tracking: Record) -> TrackerInput:
    meaning = _meaning(tracking)
    if tracking.flag("return_to_sender"):
        meaning = Meaning(statuses.RETURN_TO_SENDER)
    updated_at = tracking.instant("updated_at") or tracking.instant("created_at")
    scans = in_order(_scans(tracking, goes_back=meaning.status == statuses.RETURN_TO_SENDER))
    return TrackerInput(
        tracking_number=tracking.required_text("tracking_number"),
        carrier=tracking.text("slug"),
        status=meaning.status if tracking.text("tag") else "",
        substatus=meaning.substatus,
        message=tracking.text("subtag_message"),
        status_at=status_time(meaning.status, scans, updated_at),
        service_level=tracking.text("shipment_type"),
        tracking_url=tracking.link("courier_tracking_link"),
        estimate=_estimate(tracking),
        promise=tracking.child("first_estimated_delivery").day("datetime"),
        scans=scans,
    )


def _scans(tracking: Record, *, goes_back: bool) -> Iterator[ScanInput]:
    """A checkpoint without a time gets that of the one before it, else the time that it was first seen at.

    Where the parcel `goes_back`, "delivered" means: to its sender.
    """
    known = None
    for checkpoint in tracking.children("checkpoints"):
        known = checkpoint.instant("checkpoint_time") or known or checkpoint.instant("created_at")
        if known is not None:
            meaning = _meaning(checkpoint)
            if goes_back and meaning.status == statuses.DELIVERED:
                meaning = Meaning(statuses.RETURN_TO_SENDER)
            yield _scan(checkpoint, known, meaning)


def _scan(checkpoint: Record, occurred_at: datetime, meaning: Meaning) -> ScanInput:
    return ScanInput(
        status=meaning.status,
        occurred_at=occurred_at,
        substatus=meaning.substatus,
        raw_status=checkpoint.text("subtag") or checkpoint.text("tag"),
        message=checkpoint.text("message"),
        city=checkpoint.text("city") or checkpoint.text("location"),
        province=checkpoint.text("state"),
        country=checkpoint.text("country_iso3") or checkpoint.text("country_region") or checkpoint.text("country_name"),
        postal_code=checkpoint.text("postal_code") or checkpoint.text("zip"),
        attempt=meaning.attempt,
    )


def _meaning(record: Record) -> Meaning:
    """The sub-tag speaks only under its own tag: the tag decides."""
    tag, subtag = record.text("tag"), record.text("subtag")
    special = SUBTAGS.get(subtag) if subtag.startswith(f"{tag}_") else None
    return special or TAGS.get(tag) or Meaning(statuses.UNKNOWN)


def _estimate(tracking: Record) -> date | None:
    """The newest promise that AfterShip itself would show, else the carrier's."""
    return (
        tracking.child("latest_estimated_delivery").day("datetime")
        or tracking.child("courier_estimated_delivery_date").day("estimated_delivery_date")
        or tracking.day("expected_delivery")
        or tracking.child("aftership_estimated_delivery_date").day("estimated_delivery_date")
    )
