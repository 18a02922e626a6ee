"""What a source of inbound messages is: a pure description that domain apps register in their `sources.py`.

A source verifies a signature over the raw body, reads the envelope, and hands a stored message to its domain app. Receiving,
storing once, ordering and replaying are `integrations.inbound`'s.
"""

from __future__ import annotations

import hashlib
import hmac
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from integrations.models import Merchant

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the clock of whoever tells us may be ahead. What is dated later would outlive every later word."""


class BadSignature(Exception):
    """The signature is missing or does not match any of the merchant's secrets. The text says which header was looked at."""


class Malformed(Exception):
    """The message cannot be read. The text names the field and what would be right."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known about a message before its content is handled.

    `delivery_id` is the source's own id of this delivery ("" where it has none: then the content identifies it).
    `shop_domain` is the shop that the source says it speaks for ("" where it does not say).
    """

    topic: str
    delivery_id: str = ""
    shop_domain: str = ""


@dataclass(frozen=True, slots=True)
class Handled:
    """What handling a message came to.

    `note` says in plain words what was done or why nothing was. `waits_for` names what must exist first
    ("order:820982911946154508", "parcel:1Z999"): the message waits until that is announced by `inbound.release`.
    `reference` is the order or tracking number it was about, by which people look for it; `customer_id` the shopper (primary
    key), so that the message can be forgotten with them. `forgets_body`: the raw message is
    not to be kept, because it names somebody who was to be forgotten. `is_new`: what it was about was not known before.
    `event_ids` are the events that were recorded (primary keys).
    """

    note: str
    reference: str = ""
    customer_id: int | None = None
    waits_for: str = ""
    forgets_body: bool = False
    is_new: bool = False
    event_ids: tuple[int, ...] = ()


class Source(ABC):
    """A kind of sender. `kind` is its word in URLs and in the database; `signature_header` is named in a 401."""

    kind: ClassVar[str]
    label: ClassVar[str]
    signature_header: ClassVar[str]

    @abstractmethod
    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
        """Check the signature on the raw `body` in constant time. `headers` have lower-case names.

        Raises `BadSignature`.
        """

    @abstractmethod
    def envelope(self, payload: Any, headers: Mapping[str, str]) -> Envelope:
        """Read the topic and the delivery's id. Raises `Malformed`."""

    def topics(self) -> Sequence[str]:
        """The topics that do something, where a message from a file must be told its topic; none where it says it itself."""
        return ()

    @abstractmethod
    def headers_for(self, topic: str) -> dict[str, str]:
        """Headers (lower-case names) that make `envelope` read `topic`: for messages that come from a file."""

    @abstractmethod
    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """Headers that sign `body` as this source does: for the demo, for tests and for `manage.py ingest`."""

    @abstractmethod
    def handle(self, merchant: Merchant, topic: str, payload: Any, *, received_at: datetime, at: datetime) -> Handled:
        """Turn a stored message into domain actions, inside the caller's transaction. Raises `Malformed`."""


def matches(given: str, expected: Sequence[str]) -> bool:
    """Compare a signature with every candidate in constant time; bytes, because `compare_digest` refuses non-ASCII text."""
    candidate = given.encode("utf-8", "surrogateescape")
    results = [hmac.compare_digest(candidate, each.encode()) for each in expected]
    return any(results)


def hmac_sha256(secret: str, body: bytes) -> bytes:
    """HMAC-SHA256 of `body` under the UTF-8 bytes of `secret`."""
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


_registry: dict[str, Source] = {}


def register(source: Source) -> Source:
    """Make a source known under its kind. Raises `ValueError` if the kind is taken."""
    if source.kind in _registry:
        raise ValueError(f"a source of kind {source.kind!r} is registered already")
    _registry[source.kind] = source
    return source


def get(kind: str) -> Source:
    """The source of that kind. Raises `KeyError`."""
    return _registry[kind]


def choices() -> list[tuple[str, str]]:
    """(kind, label) of every source, for forms: a callable, so that a new source needs no migration."""
    return [(source.kind, source.label) for source in _registry.values()]
