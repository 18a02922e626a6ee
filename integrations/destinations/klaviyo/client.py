"""HTTP to Klaviyo, once per call: no retry, no sleep, no redirect, and nothing taken from this machine's environment.

Documented bounds: 3 s to connect, 30 s to write the request, 30 s for the whole answer, 1 MB of an answer's body, 8
connections for each session.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import TypeVar

import requests
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from integrations.destinations.base import (
    Change,
    ConnectionPaused,
    Fault,
    Outgoing,
    Receipt,
    Rejected,
    Unavailable,
)
from integrations.destinations.klaviyo.answers import Answer, taken
from integrations.destinations.klaviyo.changes import send
from integrations.destinations.klaviyo.payloads import bulk_events, single_event
from integrations.destinations.klaviyo.transport import CarefulAdapter

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
BODY_BYTES = 1_000_000
POOL_SIZE = 8
USER_AGENT = "tidings/1.0"

_MEDIA_TYPE = "application/vnd.api+json"
_KEY = re.compile(r"pk_[A-Za-z0-9_-]{1,250}")
_UNUSABLE_KEY = (
    "This is no private key of Klaviyo: a private key starts with pk_ and has only letters, digits, - and _ after it. "
    "The public key (six characters) does not work here."
)

Given = TypeVar("Given")
Written = TypeVar("Written")


class _Authorization(AuthBase):
    """Sets the key on each request. An `auth` of our own keeps `.netrc` and a user in the URL from replacing it."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Klaviyo-API-Key {self._key}"
        return request


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
        self._base_url = base_url.rstrip("/")
        self._timeout = (connect_seconds, read_seconds)
        self._has_usable_key = _KEY.fullmatch(key) is not None
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._http.headers.update(_headers(revision))
        self._http.mount(self._base_url, CarefulAdapter(POOL_SIZE))
        if self._has_usable_key:
            self._http.auth = _Authorization(key)

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
        start = monotonic()
        try:
            response = self._http.request(
                method,
                self._base_url + path,
                params=parameters,
                data=content,
                headers={"Content-Type": _MEDIA_TYPE} if content is not None else None,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
        except Exception as error:  # whatever the HTTP stack raises means that no answer came
            raise _lost(error, Receipt(status=0, duration_ms=_milliseconds_since(start))) from error
        with response:
            body = _body(response)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, body, _milliseconds_since(start))

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()


def _headers(revision: str) -> dict[str, str]:
    """Return the headers of every request.

    Without the opt-out a retired revision would silently behave as the next one. `identity`, because a compressed
    answer could be a thousand times larger than what was read.
    """
    return {
        "Accept": _MEDIA_TYPE,
        "Accept-Encoding": "identity",
        "User-Agent": USER_AGENT,
        "revision": revision,
        "X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1",
    }


def _write(write: Callable[[Given], Written], given: Given, *, only_item: bool) -> Written:
    try:
        return write(given)
    except (TypeError, ValueError) as error:
        detail = f"The request cannot be written as JSON: {error}"
        fault = Fault(detail, index=0 if only_item else None)
        raise Rejected(detail, Receipt(status=0, duration_ms=0), [fault]) from error


def _body(response: requests.Response) -> bytes:
    """Return the beginning of the body. The status is known: a body that breaks off does not change what it means."""
    try:
        return response.raw.read(BODY_BYTES, decode_content=False) or b""
    except Exception:
        return b""


def _lost(error: Exception, receipt: Receipt) -> Unavailable:
    """Say whether the request may have arrived: not where no connection came about. The error's own text stays here."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return Unavailable("No connection to Klaviyo.", receipt)
    if isinstance(error, requests.Timeout):
        return Unavailable("Klaviyo did not answer in time.", receipt, ambiguous=True)
    return Unavailable(f"The connection to Klaviyo broke ({type(error).__name__}).", receipt, ambiguous=True)


def _milliseconds_since(start: float) -> int:
    return round((monotonic() - start) * 1000)
