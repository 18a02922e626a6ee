"""HTTP to a vendor, once per call: no retry, no sleep, no redirect, and nothing taken from this machine's environment.

Documented bounds: 3 s to connect, 30 s to write the request, 30 s for the whole answer, 1 MB of an answer's body, 8
connections for each session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import Any

import orjson
import requests
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from integrations.destinations.base import Receipt, Unavailable
from integrations.destinations.transport import CarefulAdapter

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
BODY_BYTES = 1_000_000
POOL_SIZE = 8
USER_AGENT = "tidings/1.0"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the names of `headers` in lower case, `body` cut at the client's bound."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    duration_ms: int = 0

    def json(self) -> Any:
        """Return the body as JSON, None where it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


class Authorization(AuthBase):
    """Sets the key on each request. An `auth` of our own keeps `.netrc` and a user in the URL from replacing it."""

    def __init__(self, header: str, value: str) -> None:
        self._header, self._value = header, value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self._header] = self._value
        return request


class Line:
    """Connections to one host of a vendor. Threads may share it: nothing in it changes, and cookies are refused.

    `vendor` is named where no answer came. `identity`, because a compressed answer could be a thousand times larger than
    what was read.
    """

    def __init__(
        self,
        vendor: str,
        base_url: str,
        *,
        headers: Mapping[str, str],
        authorization: Authorization | None,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._vendor = vendor
        self._base_url = base_url.rstrip("/")
        self._timeout = (connect_seconds, read_seconds)
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._http.headers.update({"Accept-Encoding": "identity", "User-Agent": USER_AGENT, **headers})
        self._http.mount(self._base_url, CarefulAdapter(POOL_SIZE))
        self._http.auth = authorization

    def exchange(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        parameters: Mapping[str, str] | None = None,
        *,
        media_type: str,
    ) -> Answer:
        """Make one request and return what came back, whatever its status. Raises `Unavailable` when no answer came."""
        start = monotonic()
        try:
            response = self._http.request(
                method,
                self._base_url + path,
                params=parameters,
                data=content,
                headers={"Content-Type": media_type} if content is not None else None,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
        except Exception as error:  # whatever the HTTP stack raises means that no answer came
            raise self._lost(error, Receipt(status=0, duration_ms=_milliseconds_since(start))) from error
        with response:
            body = _body(response)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, body, _milliseconds_since(start))

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def _lost(self, error: Exception, receipt: Receipt) -> Unavailable:
        """Say whether the request may have arrived: not where no connection came about. The error's own text stays here."""
        reason = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(reason, NewConnectionError | ConnectTimeoutError):
            return Unavailable(f"No connection to {self._vendor}.", receipt)
        if isinstance(error, requests.Timeout):
            return Unavailable(f"{self._vendor} did not answer in time.", receipt, ambiguous=True)
        detail = f"The connection to {self._vendor} broke ({type(error).__name__})."
        return Unavailable(detail, receipt, ambiguous=True)


def _body(response: requests.Response) -> bytes:
    """Return the beginning of the body. The status is known: a body that breaks off does not change what it means."""
    try:
        return response.raw.read(BODY_BYTES, decode_content=False) or b""
    except Exception:
        return b""


def _milliseconds_since(start: float) -> int:
    return round((monotonic() - start) * 1000)
