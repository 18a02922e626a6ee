"""The source `onsite`: calls of pages, and the same calls of the shop's own server, which signs the whole body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from integrations.sources import BadSignature, Envelope, Handled, Source, hmac_sha256, matches
from tracking.reading import Record

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.models import Merchant

KIND = "onsite"
SIGNED = "signed"
HEADER = "x-tidings-signature"
CONSENT = "must be true or false: whether the shopper agreed to being tracked"
VOUCHED = {"x-tidings-vouched": "yes"}
"""Stands for a signature that was looked at before, or that a file needs none. Only what verified a message itself says so."""


class Onsite(Source):
    """What pages tell. A topic is the call's word, with `.signed` where the shop's server vouches for who it is."""

    kind = KIND
    label = "Your pages (onsite)"
    signature_header = "X-Tidings-Signature"

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
        """Compare the hexadecimal HMAC-SHA256 of the raw body. Raises `BadSignature`."""
        given = headers.get(HEADER, "").strip()
        if not given:
            raise BadSignature(f"the header {self.signature_header} is missing")
        if not matches(given, [hmac_sha256(secret, body).hex() for secret in secrets if secret]):
            raise BadSignature(f"the header {self.signature_header} does not match the body and any of the secrets")

    def envelope(self, payload: Any, headers: Mapping[str, str]) -> Envelope:
        """The body says what it is; the content tells calls apart, with the time that stands in it. Raises `Malformed`."""
        body = Record(payload, "onsite")
        call = body.required_text("call")
        if not isinstance(payload.get("consent"), bool):
            raise body.complaint("consent", CONSENT)
        is_signed = headers.get(HEADER) or headers.items() >= VOUCHED.items()
        return Envelope(topic=f"{call}.{SIGNED}" if is_signed else call)

    def headers_for(self, topic: str) -> dict[str, str]:
        """What is read from a file comes from the shop itself."""
        return dict(VOUCHED)

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return {HEADER: hmac_sha256(secret, body).hex()}

    def handle(self, merchant: Merchant, topic: str, payload: Any, *, received_at: datetime, at: datetime) -> Handled:
        """Take in a call. Raises `Malformed`."""
        from lifecycle import services  # here, so that the source can be used without models
        from lifecycle.onsite import calls

        if not calls.read_claim(payload).has_consent:
            return Handled("the shopper does not want to be tracked: nothing is kept", forgets_body=True)
        call = calls.read(payload, tz=merchant.tz, received_at=received_at)
        is_signed = topic.endswith(f".{SIGNED}")
        return services.take_call(merchant=merchant, call=call, is_signed=is_signed, at=at)
