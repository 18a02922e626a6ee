"""Shippo's tracks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.sources import BadSignature, Envelope, Handled, hmac_sha256, matches
from tracking import statuses
from tracking.carriers.base import Carrier, in_order, status_time
from tracking.inputs import ScanInput, TrackerInput
from tracking.reading import Meaning, Record

STATUSES = {
    "UNKNOWN": Meaning(statuses.UNKNOWN),
    "PRE_TRANSIT": Meaning(statuses.PRE_TRANSIT),
    "TRANSIT": Meaning(statuses.IN_TRANSIT),
    "DELIVERED": Meaning(statuses.DELIVERED),
    "RETURNED": Meaning(statuses.RETURN_TO_SENDER),
    "FAILURE": Meaning(statuses.FAILURE),
}

_ATTEMPT = Meaning(statuses.FAILURE, statuses.DELIVERY_ATTEMPTED, attempt=True)
_DELAYED = Meaning(statuses.IN_TRANSIT, "delayed")

SUBSTATUSES = {
    ("TRANSIT", "out_for_delivery"): Meaning(statuses.OUT_FOR_DELIVERY),
    ("TRANSIT", "pickup_available"): Meaning(statuses.AVAILABLE_FOR_PICKUP),
    ("TRANSIT", "delivery_attempted"): _ATTEMPT,
    ("TRANSIT", "notice_left"): _ATTEMPT,
    ("TRANSIT", "location_inaccessible"): _ATTEMPT,
    ("TRANSIT", "delayed"): _DELAYED,
    ("TRANSIT", "delivery_rescheduled"): _DELAYED,
    ("FAILURE", "package_lost"): Meaning(statuses.ERROR),
    ("FAILURE", "package_disposed"): Meaning(statuses.ERROR),
}
"""Sub-statuses that say more than their status does."""

TOPIC = "track_updated"
BARE_TRACK = "track"

_ANY_TIME = "1767225600"  # 2026-01-01: `verify` does not judge the time, so signing needs no clock


class Shippo(Carrier):
    """Shippo's webhooks, signed where Shippo was asked to sign them.

    An unsigned message, or one that is known by a token in its address, is refused.
    """

    kind = "shippo"
    label = "Shippo"
    signature_header = "Shippo-Auth-Signature"

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
        """Compare the HMAC-SHA256 of "<time>.<raw body>". Raises `BadSignature`.

        The time is not judged: a message is handled once, however late it is repeated.
        """
        parts = dict(part.strip().partition("=")[::2] for part in headers.get("shippo-auth-signature", "").split(","))
        moment, given = parts.get("t", ""), parts.get("v1", "")
        if not (moment and given):
            raise BadSignature(f"the header {self.signature_header} is missing or is not of the form t=…,v1=…")
        if not matches(given, [_signature(body, secret, moment) for secret in secrets if secret]):
            raise BadSignature(f"the header {self.signature_header} does not match the body and any of the secrets")

    def envelope(self, payload: Any, headers: Mapping[str, str]) -> Envelope:
        """Messages have no id. A bare track, as the API answers it, has no event either. Raises `Malformed`."""
        body = Record(payload, "shippo")
        return Envelope(topic=BARE_TRACK if body.has("tracking_number") else body.required_text("event"))

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return {"shippo-auth-signature": f"t={_ANY_TIME},v1={_signature(body, secret, _ANY_TIME)}"}

    def parse(self, payload: Any) -> TrackerInput | Handled:
        """Read an event about a track, or a bare track. Raises `Malformed`."""
        topic = self.envelope(payload, {}).topic
        body = Record(payload, f"shippo {topic}")
        if topic == BARE_TRACK:
            return _tracker(body, is_test=body.flag("test"))
        if topic != TOPIC:
            return Handled(f"topic {topic} is not used")
        track = body.required_child("data")
        return _tracker(track, is_test=body.flag("test") or track.flag("test"))


def _signature(body: bytes, secret: str, moment: str) -> str:
    return hmac_sha256(secret, moment.encode() + b"." + body).hex()


def _tracker(track: Record, *, is_test: bool) -> TrackerInput:
    current = track.child("tracking_status")
    scans = in_order(_scans(track, current))
    meaning = _meaning(current)
    service = track.child("servicelevel")
    return TrackerInput(
        tracking_number=track.required_text("tracking_number"),
        carrier=track.text("carrier"),
        status=meaning.status if current.text("status") else "",
        substatus=_substatus(current, meaning),
        message=current.text("status_details"),
        status_at=current.instant("status_date") or status_time(meaning.status, scans, None),
        service_level=service.text("name") or service.text("token"),
        estimate=None if is_test else track.day("eta"),
        promise=None if is_test else track.day("original_eta"),
        is_test=is_test,
        scans=scans,
    )


def _scans(track: Record, current: Record) -> Iterator[ScanInput]:
    """The history, and the current status in case the history lacks it.

    A scan without a time gets that of the one before it, so that it is the same scan when the message is repeated.
    """
    known = None
    for scan in (*track.children("tracking_history"), current):
        known = scan.instant("status_date") or known
        if known is not None and scan.text("status"):
            yield _scan(scan, known)


def _scan(scan: Record, occurred_at: datetime) -> ScanInput:
    meaning = _meaning(scan)
    place = scan.child("location")
    return ScanInput(
        status=meaning.status,
        occurred_at=occurred_at,
        substatus=_substatus(scan, meaning),
        raw_status="/".join(filter(None, (scan.text("status"), _code(scan)))),
        message=scan.text("status_details"),
        city=place.text("city"),
        province=place.text("state"),
        country=place.text("country"),
        postal_code=place.text("zip"),
        attempt=meaning.attempt,
    )


def _meaning(record: Record) -> Meaning:
    word = record.text("status").upper()
    return SUBSTATUSES.get((word, _code(record))) or STATUSES.get(word) or Meaning(statuses.UNKNOWN)


def _substatus(record: Record, meaning: Meaning) -> str:
    return meaning.substatus or _code(record)


def _code(record: Record) -> str:
    return record.child("substatus").text("code").lower()
