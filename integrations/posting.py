"""Posting JSON to an address that a merchant gave, or fetching it from there: once, soon over, never into a network of our own.

The name is looked up here and the connection goes to the address that was checked, so that a name cannot lead elsewhere the
second time it is asked. Nothing follows redirects. A post is signed, and nothing of its answer is read but the status.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from requests.utils import DEFAULT_CA_BUNDLE_PATH

SECONDS = 5.0
"""From the first byte of the connection to the last of the answer's status; the name is looked up before."""

FETCHING_SECONDS = 20.0
"""The same where something is fetched, until its last byte."""

SIGNATURE = "Tidings-Signature"
USER_AGENT = "tidings/1.0"

_PRINTABLE = re.compile(r"[!-~]+")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_TUNNELS = (ipaddress.ip_network("2001::/32"), ipaddress.ip_network("2002::/16"))
"""Teredo and 6to4: addresses that hold an IPv4 address, to which they might lead."""


class BadAddress(Exception):
    """Nothing may be posted there. The text says why, for whoever gave the address."""


class NotPosted(Exception):
    """It did not arrive, or nobody said that it did. The text says why, without the address."""


class NotFetched(Exception):
    """Nothing came that could be used. The text says why, without the address."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address, taken apart."""

    scheme: str
    host: str
    port: int
    path: str


def check(url: str) -> Target:
    """Take an address apart. Raises `BadAddress` for what is no https address of a host outside."""
    if not _PRINTABLE.fullmatch(url):
        raise BadAddress("Write the address without spaces, and letters other than a to z in their %-form.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress("This is no address.") from None
    is_local = settings.DEBUG and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (is_local and parts.scheme == "http"):
        raise BadAddress("The address must begin with https://.")
    if not parts.hostname:
        raise BadAddress("This is no address.")
    if "@" in parts.netloc:
        raise BadAddress("Leave the user name and the password out: there is a secret instead.")
    with suppress(ValueError):
        if not _is_outside(parts.hostname):
            raise BadAddress("This address leads into a private network.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), path)


def post(url: str, secret: str, document: Mapping[str, Any], *, at: datetime) -> None:
    """Post `document`, signed with `secret` at the instant `at`. Raises `NotPosted`; then it may have arrived all the same."""
    try:
        target = check(url)
    except BadAddress as error:
        raise NotPosted(str(error)) from None
    body = orjson.dumps(document, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        SIGNATURE: signature(body, secret, at=at),
        "Connection": "close",
    }
    try:
        status, _ = _exchange(target, "POST", headers, body, seconds=SECONDS)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NotPosted(f"No answer within {SECONDS:.0f} seconds ({type(error).__name__}).") from None
    if status // 100 != 2:
        raise NotPosted(f"It answered {status}.")


def fetch(url: str, secret: str, *, most: int) -> bytes:
    """What stands at `url`, at most `most` bytes of JSON; `secret` is shown as a bearer token. Raises `NotFetched`."""
    headers = {"Accept": "application/json", "User-Agent": USER_AGENT, "Connection": "close"}
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    try:
        status, body = _exchange(check(url), "GET", headers, most=most + 1, seconds=FETCHING_SECONDS)
    except (BadAddress, NotPosted) as error:
        raise NotFetched(str(error)) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        text = f"No whole answer within {FETCHING_SECONDS:.0f} seconds ({type(error).__name__})."
        raise NotFetched(text) from None
    if status != 200:
        raise NotFetched(f"It answered {status}.")
    if len(body) > most:
        raise NotFetched(f"It answered with more than {most:,} bytes.")
    return body


def signature(body: bytes, secret: str, *, at: datetime) -> str:
    """The header that proves who posted `body`, and when: HMAC-SHA256 over "<unix time>.<body>"."""
    moment = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def _exchange(
    target: Target, method: str, headers: Mapping[str, str], body: bytes | None = None, *, most: int = 0, seconds: float
) -> tuple[int, bytes]:
    """The status of the answer, and at most `most` bytes of it."""
    with _connect(target) as plain, _cut_off(plain, seconds):
        if target.scheme == "https":
            context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                target.host, target.port, context=context
            )
            connection.sock = context.wrap_socket(plain, server_hostname=target.host)
        else:
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = plain
        try:
            connection.request(method, target.path, body, dict(headers))
            with closing(connection.getresponse()) as answer:
                return answer.status, answer.read(most) if most else b""
        finally:
            connection.close()


def _connect(target: Target) -> socket.socket:
    """A connection to the first of the host's addresses that takes one. Raises `NotPosted` where one of them is inside."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotPosted("Its name is not known.") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not all(_is_outside(each) for each in addresses):
        raise NotPosted("Its name leads into a private network.")
    for address in addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, target.port), SECONDS / len(addresses))
    return socket.create_connection((addresses[-1], target.port), SECONDS / len(addresses))


def _is_outside(text: str) -> bool:
    """Whether an IP address is one of the Internet's. Raises `ValueError` for what is no IP address."""
    address = ipaddress.ip_address(text)
    if address.is_loopback:
        return bool(settings.DEBUG)
    if isinstance(address, ipaddress.IPv6Address):
        is_plain = address in _GLOBAL_UNICAST and not any(address in each for each in _TUNNELS)
        return is_plain and address.is_global
    return address.is_global and not address.is_multicast


@contextmanager
def _cut_off(connected: socket.socket, seconds: float) -> Iterator[None]:
    """End whatever is done with a connection when its time is over: timeouts of sockets begin anew with each byte."""
    connected.settimeout(seconds)
    handle = connected.dup()
    timer = threading.Timer(seconds, _cut, [handle])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        handle.close()


def _cut(handle: socket.socket) -> None:
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
