"""The activity log as messages: pushed to the merchant's hook, or taken from files by `manage.py ingest`. One entry each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from integrations.sources import BadSignature, Envelope, Handled, Source, hmac_sha256, matches
from lifecycle import reading
from lifecycle.services import record_one

if TYPE_CHECKING:
    from integrations.models import Merchant

TOPIC = "entry"
_WHENEVER = datetime.max.replace(tzinfo=UTC)
"""An envelope is read without a clock."""


class ActivityLog(Source):
    """The merchant's own system, which signs with the hook's secret."""

    kind = "activity_log"
    label = "Activity log"
    signature_header = "Activity-Log-Signature"

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
        """Compare "v1=" and the hexadecimal HMAC-SHA256 of the raw body. Raises `BadSignature`."""
        given = headers.get("activity-log-signature", "").strip()
        if not given:
            raise BadSignature(f"the header {self.signature_header} is missing")
        if not matches(given, [_signature(body, secret) for secret in secrets if secret]):
            raise BadSignature(
                f"the signature in {self.signature_header} does not match the body and any of the secrets"
            )

    def envelope(self, payload: Any, headers: Mapping[str, str]) -> Envelope:
        """An entry is told once: a repeat of its id is a duplicate. Raises `Malformed`."""
        return Envelope(topic=TOPIC, delivery_id=reading.entry(payload, at=_WHENEVER).entry_id)

    def headers_for(self, topic: str) -> dict[str, str]:
        """None: there is one topic."""
        return {}

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """The header as the merchant's system sends it."""
        return {"activity-log-signature": _signature(body, secret)}

    def handle(self, merchant: Merchant, topic: str, payload: Any, *, received_at: datetime, at: datetime) -> Handled:
        """Record the entry: what it says of its customer's plan held when it was received."""
        return record_one(merchant=merchant, entry=reading.entry(payload, at=received_at), at=at)


def _signature(body: bytes, secret: str) -> str:
    return f"v1={hmac_sha256(secret, body).hex()}"
