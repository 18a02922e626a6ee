"""HTTP to Klaviyo, once per call, within the bounds of `destinations.exchange`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from integrations.destinations.base import Change, ConnectionPaused, Fault, Outgoing, Receipt, Rejected
from integrations.destinations.exchange import CONNECT_SECONDS, READ_SECONDS, Answer, Authorization, Line
from integrations.destinations.klaviyo.answers import taken
from integrations.destinations.klaviyo.changes import send
from integrations.destinations.klaviyo.payloads import bulk_events, single_event

_MEDIA_TYPE = "application/vnd.api+json"
_KEY = re.compile(r"pk_[A-Za-z0-9_-]{1,250}")
_UNUSABLE_KEY = (
    "This is no private key of Klaviyo: a private key starts with pk_ and has only letters, digits, - and _ after it. "
    "The public key (six characters) does not work here."
)

Given = TypeVar("Given")
Written = TypeVar("Written")


class KlaviyoSession:
    """A `base.Session` of one account. Threads may share it: nothing in it changes, and cookies are refused.

    A key that is not shaped like one never reaches a header, where it might end in an error's text: every call then
    raises `ConnectionPaused`.
    """

    def __init__(
        self,
        key: str,
        *,
        base_url: str,
        revision: str,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._has_usable_key = _KEY.fullmatch(key) is not None
        self._line = Line(
            "Klaviyo",
            base_url,
            headers=_headers(revision),
            authorization=Authorization("Authorization", f"Klaviyo-API-Key {key}") if self._has_usable_key else None,
            connect_seconds=connect_seconds,
            read_seconds=read_seconds,
        )

    def send_one(self, item: Outgoing) -> Receipt:
        """Send one event through `create_event`. Raises a `DeliveryError`."""
        content = _write(single_event, item, only_item=True)
        answer = self.exchange("POST", "/api/events", content)
        return taken(answer, "events:write", lambda _pointer: (0,))

    def send_bulk(self, items: Sequence[Outgoing]) -> Receipt:
        """Send events through `bulk_create_events`: all are taken or none. Raises a `DeliveryError`."""
        bulk = _write(bulk_events, items, only_item=len(items) == 1)
        answer = self.exchange("POST", "/api/event-bulk-create-jobs", bulk.content)
        return taken(answer, "events:write", bulk.items_at)

    def send_changes(self, changes: Sequence[Change]) -> Receipt:
        """Carry out changes of profiles: see `changes.send`. Raises a `DeliveryError`."""
        return send(self.exchange, changes)

    def exchange(
        self, method: str, path: str, content: bytes | None = None, parameters: Mapping[str, str] | None = None
    ) -> Answer:
        """Make one request and return what came back, whatever its status.

        Raises `ConnectionPaused` for a key that cannot be one and `Unavailable` when no answer came.
        """
        if not self._has_usable_key:
            raise ConnectionPaused(_UNUSABLE_KEY, Receipt(status=0, duration_ms=0), "auth")
        return self._line.exchange(method, path, content, parameters, media_type=_MEDIA_TYPE)

    def close(self) -> None:
        """Give the connections back."""
        self._line.close()


def _headers(revision: str) -> dict[str, str]:
    """Return the headers of every request. Without the opt-out a retired revision would silently behave as the next one."""
    return {"Accept": _MEDIA_TYPE, "revision": revision, "X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1"}


def _write(write: Callable[[Given], Written], given: Given, *, only_item: bool) -> Written:
    try:
        return write(given)
    except (TypeError, ValueError) as error:
        detail = f"The request cannot be written as JSON: {error}"
        fault = Fault(detail, index=0 if only_item else None)
        raise Rejected(detail, Receipt(status=0, duration_ms=0), [fault]) from error
