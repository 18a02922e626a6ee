"""Posting to addresses that strangers choose: signed, once, soon over, and never to ourselves."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations import posting
from tests.integrations.klaviyo.wire import Wire, answers, drips, hangs, header_of, says, served

AT = datetime(2026, 11, 26, 9, tzinfo=UTC)
SECRET, DOCUMENT = "s3cret", {"type": "alert", "merchant": {"name": "Ährenfeld"}}


@pytest.fixture
def receiver(settings: Any) -> Iterator[Wire]:
    """A receiver on this machine, which counts as outside in development alone."""
    settings.DEBUG = True
    with served(answers("204 No Content")) as wire:
        yield wire


def test_a_post_is_json_and_signed(receiver: Wire) -> None:
    posting.post(f"{receiver.url}/hook?x=1", SECRET, DOCUMENT, at=AT)

    (request,) = receiver.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?x=1 HTTP/1.1")
    assert json.loads(body) == DOCUMENT
    moment, told = (part.partition("=")[2] for part in header_of(request, "Tidings-Signature").split(","))
    assert int(moment) == AT.timestamp()
    assert told == hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (answers("500 Oops"), "It answered 500."),
        (answers("302 Found", "Location: http://127.0.0.1:1/\r\n"), "It answered 302."),
        (says(b""), "No answer"),
        (says(b"nonsense\r\n\r\n"), "No answer"),
    ],
)
def test_what_is_not_taken_is_told_and_no_redirect_is_followed(settings: Any, reply: Any, why: str) -> None:
    settings.DEBUG = True
    with served(reply) as wire, pytest.raises(posting.NotPosted, match=why):
        posting.post(wire.url, SECRET, DOCUMENT, at=AT)

    assert len(wire.requests) == 1


@pytest.mark.parametrize("reply", [hangs, drips(b"H" * 9999)])
def test_it_is_over_in_time_however_the_other_side_dawdles(
    settings: Any, monkeypatch: pytest.MonkeyPatch, reply: Any
) -> None:
    settings.DEBUG = True
    monkeypatch.setattr(posting, "SECONDS", 0.3)
    began = time.monotonic()
    with served(reply) as wire, pytest.raises(posting.NotPosted, match="No answer"):
        posting.post(wire.url, SECRET, DOCUMENT, at=AT)

    assert time.monotonic() - began < 2


INSIDE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),  # noqa: S104
    *(
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
    ),
    *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_goes_to_an_address_inside(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Neither by its number nor by a name that leads there, not even as one of several."""
    refuse_to_connect(monkeypatch)
    number = f"[{address}]" if ":" in address else address
    with pytest.raises(posting.BadAddress, match="private network"):
        posting.check(f"https://{number}/")
    for found in ([address], ["93.184.215.14", address]):
        answer_lookups(monkeypatch, *found)
        with pytest.raises(posting.NotPosted, match="private network"):
            posting.post("https://hooks.example/", SECRET, DOCUMENT, at=AT)


@pytest.mark.parametrize("number", ["0x7f000001", "2130706433", "127.1", "017700000001"])
def test_numbers_in_other_forms_are_looked_up_as_names(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    refuse_to_connect(monkeypatch)

    with pytest.raises(posting.NotPosted, match=r"private network|not known"):
        posting.post(f"https://{number}/", SECRET, DOCUMENT, at=AT)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is looked up once cannot lead elsewhere the second time."""
    asked: list[Any] = []
    answer_lookups(monkeypatch, "2606:2800:21f::1", "93.184.215.14")

    def connect(address: Any, timeout: float) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(posting.NotPosted, match="ConnectionRefusedError"):
        posting.post("https://hooks.example:8443/", SECRET, DOCUMENT, at=AT)

    assert asked == [("2606:2800:21f::1", 8443), ("93.184.215.14", 8443)]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "hooks.example",
            "http://hooks.example/",
            "ftp://hooks.example/",
            "https:///x",
            "https://[::1",
            "https://",
        ),
        *(
            "https://a:b@hooks.example/",
            "https://hooks.example:port/",
            "https://hooks.example/a b",
            "https://münchen.de/",
        ),
        *("https://hooks.example/\r\nX: y", "http://127.0.0.1:8000/", "file:///etc/passwd"),
    ],
)
def test_what_is_no_address_outside_is_refused(url: str) -> None:
    with pytest.raises(posting.BadAddress):
        posting.check(url)


def test_a_certificate_must_be_the_hosts(receiver: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, context = certificate(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener, served(answers("200 OK")) as wire:
        wire._start(_serve_encrypted, wire, listener, context)
        url = f"https://localhost:{listener.getsockname()[1]}/"
        answer_lookups(monkeypatch, "127.0.0.1")
        with pytest.raises(posting.NotPosted, match="CertVerification"):
            posting.post(url, SECRET, DOCUMENT, at=AT)
        monkeypatch.setattr(posting, "DEFAULT_CA_BUNDLE_PATH", str(ours))
        posting.post(url, SECRET, DOCUMENT, at=AT)
        with pytest.raises(posting.NotPosted, match="CertVerification"):
            posting.post(url.replace("localhost", "hooks.example"), SECRET, DOCUMENT, at=AT)
        listener.shutdown(socket.SHUT_RDWR)

    assert len(wire.requests) == 1


def _serve_encrypted(wire: Wire, listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        with plain:
            try:
                wire._serve(context.wrap_socket(plain, server_side=True))
            except OSError:
                continue


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of localhost that nobody signed but itself, and what a server does with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    whole, alone = folder / "both.pem", folder / "certificate.pem"
    alone.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    whole.write_bytes(secret + alone.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(whole)
    return alone, context


def answer_lookups(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Whatever name is looked up has these addresses."""

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        versions = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (versions[ipaddress.ip_address(each).version], socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def refuse_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection fails the test."""
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("it connected"))


def test_what_is_fetched_is_whole_and_was_asked_for_with_the_secret(settings: Any) -> None:
    settings.DEBUG = True
    with served(answers("200 OK", "Content-Length: 2\r\n", b"{}")) as wire:
        assert posting.fetch(f"{wire.url}/log?x=1", SECRET, most=2) == b"{}"

    (request,) = wire.requests
    assert request.startswith(b"GET /log?x=1 HTTP/1.1")
    assert header_of(request, "Authorization") == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (answers("302 Found", "Location: http://127.0.0.1:1/\r\n"), "It answered 302."),
        (answers("204 No Content"), "It answered 204."),
        (answers("200 OK", "Content-Length: 100\r\n", b"x" * 100), "more than 99 bytes"),
        (drips(b"H" * 9999), "No whole answer"),
    ],
)
def test_what_cannot_be_used_is_not_fetched(
    settings: Any, monkeypatch: pytest.MonkeyPatch, reply: Any, why: str
) -> None:
    settings.DEBUG = True
    monkeypatch.setattr(posting, "FETCHING_SECONDS", 0.5)
    with served(reply) as wire, pytest.raises(posting.NotFetched, match=why):
        posting.fetch(wire.url, SECRET, most=99)

    assert len(wire.requests) == 1


def test_nothing_is_fetched_from_inside(settings: Any) -> None:
    settings.DEBUG = False
    for address in ("https://127.0.0.1/", "https://10.0.0.1/", "http://shop.example/"):
        with pytest.raises(posting.NotFetched):
            posting.fetch(address, SECRET, most=99)
