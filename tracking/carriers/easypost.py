"""EasyPost's trackers. Its ten statuses are the canonical ones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.sources import BadSignature, Envelope, Handled, hmac_sha256, matches
from tracking import statuses
from tracking.carriers.base import Carrier, in_order, newest_of, status_time
from tracking.inputs import ScanInput, TrackerInput
from tracking.reading import Record

STATUSES = {status: status for status in statuses.ALL}

ESTIMATE_CODES = {"AE": statuses.ARRIVING_EARLY, "AO": statuses.ON_TIME}
"""FedEx's codes of scans that tell of the estimate only and come with the status "unknown"."""

TOPICS = frozenset({"tracker.created", "tracker.updated"})
BARE_TRACKER = "tracker"

_ATTEMPT = re.compile(
    r"(customer|recipient|receiver|addressee)( was| is)? (not|un)\s?available"
    r"|business( was| is)? closed|delivery attempt|attempted delivery|notice left",
    re.IGNORECASE,
)
_NOT_AN_ATTEMPT = "transit_exception"
_PREFIX = "hmac-sha256-hex="


class EasyPost(Carrier):
    """EasyPost's events, signed with the webhook's secret."""

    kind = "easypost"
    label = "EasyPost"
    signature_header = "X-Hmac-Signature"

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
        """Compare the hexadecimal HMAC-SHA256 of the raw body. Raises `BadSignature`."""
        given = headers.get("x-hmac-signature", "").strip()
        if not given:
            raise BadSignature(f"the header {self.signature_header} is missing")
        if not matches(given, [_signature(body, secret) for secret in secrets if secret]):
            raise BadSignature(f"the header {self.signature_header} does not match the body and any of the secrets")

    def envelope(self, payload: Any, headers: Mapping[str, str]) -> Envelope:
        """An event says its topic and id; a bare tracker, as files have it, says neither. Raises `Malformed`."""
        body = Record(payload, "easypost")
        if body.text("object") == "Tracker":
            return Envelope(topic=BARE_TRACKER)
        return Envelope(topic=body.required_text("description"), delivery_id=body.text("id"))

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return {"x-hmac-signature": _signature(body, secret)}

    def parse(self, payload: Any) -> TrackerInput | Handled:
        """Read an event about a tracker, or a bare tracker. Raises `Malformed`."""
        topic = self.envelope(payload, {}).topic
        body = Record(payload, f"easypost {topic}")
        if topic == BARE_TRACKER:
            return _tracker(body)
        if topic not in TOPICS:
            return Handled(f"topic {topic} is not used")
        return _tracker(body.required_child("result"))


def _signature(body: bytes, secret: str) -> str:
    """The secret is signed with in its NFKD form: so do all of EasyPost's libraries."""
    return _PREFIX + hmac_sha256(unicodedata.normalize("NFKD", secret), body).hex()


def _tracker(tracker: Record) -> TrackerInput:
    is_test = tracker.text("mode") == "test"
    detail = tracker.child("carrier_detail")
    scans = in_order(_scans(tracker, is_test))
    word = tracker.text("status")
    status = STATUSES.get(word, statuses.UNKNOWN) if word else ""
    newest = newest_of(status, scans)
    attempted = status == statuses.FAILURE and newest is not None and newest.attempt
    return TrackerInput(
        tracking_number=tracker.required_text("tracking_code"),
        carrier=tracker.text("carrier"),
        status=status,
        substatus=statuses.DELIVERY_ATTEMPTED if attempted else _detail(tracker),
        message=newest.message if newest else "",
        status_at=status_time(status, scans, tracker.instant("updated_at") or tracker.instant("created_at")),
        service_level=detail.text("service"),
        tracking_url=tracker.link("public_url"),
        estimate=None if is_test else detail.day("est_delivery_date_local") or tracker.day("est_delivery_date"),
        is_test=is_test,
        scans=scans,
    )


def _scans(tracker: Record, is_test: bool) -> Iterator[ScanInput]:
    """A scan without a time gets that of the one before it, else the tracker's.

    So it stays the same scan when the message is repeated; `updated_at` would make a new one of it each time.
    A test tracker's estimates are the second of its creation: they mean nothing.
    """
    first_attempt = tracker.child("carrier_detail").instant("initial_delivery_attempt")
    known = tracker.instant("created_at") or tracker.instant("updated_at")
    for detail in tracker.children("tracking_details"):
        known = detail.instant("datetime") or known
        if known is not None:
            yield _scan(detail, known, is_attempt=_is_attempt(detail, known, first_attempt), has_estimate=not is_test)


def _scan(detail: Record, occurred_at: datetime, *, is_attempt: bool, has_estimate: bool) -> ScanInput:
    place = detail.child("tracking_location")
    words = detail.text("status"), detail.text("status_detail"), detail.text("carrier_code")
    status = STATUSES.get(words[0], statuses.UNKNOWN)
    substatus = statuses.DELIVERY_ATTEMPTED if is_attempt else _detail(detail)
    if status == statuses.UNKNOWN and detail.text("source").lower() == "fedex":
        substatus = ESTIMATE_CODES.get(words[2], substatus)
    return ScanInput(
        status=status,
        occurred_at=occurred_at,
        substatus=substatus,
        raw_status="/".join(filter(None, words)),
        message=detail.text("message") or detail.text("description"),
        city=place.text("city"),
        province=place.text("state"),
        country=place.text("country"),
        postal_code=place.text("zip"),
        attempt=is_attempt,
        estimate=detail.day("est_delivery_date") if has_estimate else None,
    )


def _is_attempt(detail: Record, occurred_at: datetime, first_attempt: datetime | None) -> bool:
    """Whether a failure was a delivery tried in vain: no status detail says so, only the message or the time.

    `initial_delivery_attempt` alone is no failure: a parcel that was delivered at the first try has it too.
    """
    if detail.text("status") != statuses.FAILURE or detail.text("status_detail") == _NOT_AN_ATTEMPT:
        return False
    message = f"{detail.text('message')} {detail.text('description')}"
    return bool(_ATTEMPT.search(message)) or occurred_at == first_attempt


def _detail(record: Record) -> str:
    detail = record.text("status_detail")
    return "" if detail == "unknown" else detail
