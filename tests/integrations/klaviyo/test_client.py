from __future__ import annotations

import logging
import re
import socket
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from integrations.destinations import exchange, transport
from integrations.destinations.base import ConnectionPaused, DeliveryError, Rejected, Unavailable, Unsupported
from integrations.destinations.klaviyo.answers import taken
from integrations.destinations.klaviyo.client import KlaviyoSession

from .examples import KEY, REVISION, parcel
from .wire import Reply, answers, drips, hangs, header_of, resets, says, served

ACCEPTED = answers("202 Accepted")
SECONDS = 0.4
DELIVERY = Path(__file__).resolve().parents[3] / "docs" / "delivery.md"


@contextmanager
def session_to(
    url: str, key: str = KEY, *, connect: float = SECONDS, read: float = SECONDS
) -> Iterator[KlaviyoSession]:
    session = KlaviyoSession(key, base_url=url, revision=REVISION, connect_seconds=connect, read_seconds=read)
    with closing(session):
        yield session


def failure_after(*script: Reply) -> DeliveryError:
    with served(*script) as wire, session_to(wire.url) as session, pytest.raises(DeliveryError) as caught:
        session.send_one(parcel())
    return caught.value


def outage_at(url: str) -> Unavailable:
    with session_to(url) as session, pytest.raises(Unavailable) as caught:
        session.send_one(parcel())
    return caught.value


@contextmanager
def full_listener() -> Iterator[int]:
    """A port whose queue of waiting connections is full, so that connecting hangs."""
    with socket.socket() as listener, socket.socket() as one, socket.socket() as two:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (one, two):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


BOUNDS = {
    "to connect": (exchange.CONNECT_SECONDS, 3, "3 s"),
    "to write the request": (transport.SEND_SECONDS, 30, "30 s"),
    "for the whole answer": (exchange.READ_SECONDS, 30, "30 s"),
    "of an answer's body": (exchange.BODY_BYTES, 1_000_000, "1 MB"),
    "connections for each account": (exchange.POOL_SIZE, 8, "8"),
}
"""Bound -> what it is, what it should be, and how the documentation writes it."""


@pytest.mark.parametrize("name", BOUNDS)
def test_the_bounds_are_those_that_are_documented(name: str) -> None:
    is_now, should_be, written = BOUNDS[name]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|", DELIVERY.read_text(), re.MULTILINE)

    assert is_now == should_be
    assert (name, written) in rows


def test_bounds_hold_for_a_session_that_is_told_no_others() -> None:
    with closing(KlaviyoSession(KEY, base_url="https://a.klaviyo.com", revision=REVISION)) as session:
        adapter = session._line._http.get_adapter("https://a.klaviyo.com/api/events")

    assert session._line._timeout == (exchange.CONNECT_SECONDS, exchange.READ_SECONDS)
    assert (adapter._pool_connections, adapter._pool_maxsize) == (1, exchange.POOL_SIZE)  # type: ignore[attr-defined]
    assert adapter.max_retries.total == 0  # type: ignore[attr-defined]


def test_a_request_carries_the_headers_that_klaviyo_asks_for() -> None:
    with served(ACCEPTED) as wire, session_to(wire.url) as session:
        session.send_one(parcel())
    request = wire.requests[0]
    names = ("Authorization", "revision", "X-Klaviyo-Revision-Fall-Forward-Opt-Out", "Accept", "Content-Type")
    assert request.startswith(b"POST /api/events HTTP/1.1\r\n")
    assert [header_of(request, name) for name in names] == [
        f"Klaviyo-API-Key {KEY}",
        "2026-07-15",
        "1",
        "application/vnd.api+json",
        "application/vnd.api+json",
    ]
    assert header_of(request, "User-Agent") == "tidings/1.0"


def test_bulk_goes_to_its_own_address_and_answers_with_a_receipt() -> None:
    with served(answers("202 Accepted", "X-Klaviyo-Req-Id: abc\r\n")) as wire, session_to(wire.url) as session:
        receipt = session.send_bulk([parcel(), parcel(unique_id="b")])
    assert wire.requests[0].startswith(b"POST /api/event-bulk-create-jobs HTTP/1.1\r\n")
    assert (receipt.status, receipt.request_id) == (202, "abc")


def test_connections_are_used_again_after_any_answer() -> None:
    refusal = answers("400 Bad Request", body=b'{"errors": []}')
    with served(refusal, ACCEPTED) as wire, session_to(wire.url) as session:
        with pytest.raises(Rejected):
            session.send_one(parcel())
        session.send_one(parcel())
        session.send_one(parcel())
    assert (wire.connections, len(wire.requests)) == (1, 3)


def test_a_refused_connection_did_not_deliver() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    caught = outage_at(f"http://127.0.0.1:{port}")
    assert (caught.ambiguous, caught.throttled, caught.receipt.status) == (False, False, 0)


def test_a_connection_that_never_comes_about_did_not_deliver() -> None:
    with full_listener() as port:
        assert not outage_at(f"http://127.0.0.1:{port}").ambiguous


def test_an_unknown_host_did_not_deliver(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert not outage_at("http://klaviyo.example").ambiguous


@pytest.mark.parametrize("greeting", [b"", b"220 a mail server\r\n"])
def test_a_failed_tls_handshake_did_not_deliver(greeting: bytes) -> None:
    with served(hangs, greeting=greeting) as wire:
        caught = outage_at(wire.url.replace("http:", "https:"))
    assert not caught.ambiguous


@pytest.mark.parametrize(
    "reply",
    [
        hangs,
        resets(),
        resets(b"HTTP/1.1 20"),
        resets(b"HTTP/1.1 202 Accepted\r\nContent-Le"),
        says(b""),
        says(b"HTTP/1.1 2"),
        says(b"\x16\x03\x01garbage\r\n\r\n"),
        says(b"HTTP/1.1 banana\r\n\r\n"),
        says(b"HTTP/1.1 202 Accepted\r\n" + b"X: y\r\n" * 1000 + b"\r\n"),
        says(b"HTTP/1.1 202 Accepted\r\nX: " + b"y" * 100_000),
        drips(b"HTTP/1.1 202 Accepted\r\n" + b"X-Slow: y\r\n" * 40),
        says(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    ],
)
def test_a_lost_answer_may_have_been_a_delivery(reply: Reply) -> None:
    caught = failure_after(reply)
    assert isinstance(caught, Unavailable)
    assert caught.ambiguous


@pytest.mark.parametrize("at", range(1, 78, 8))
def test_a_reset_within_the_head_of_an_answer_is_a_lost_answer(at: int) -> None:
    head = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nX-Klaviyo-Req-Id: 0123456789abcd\r\n"
    caught = failure_after(resets(head[:at]))
    assert isinstance(caught, Unavailable)
    assert caught.ambiguous


@pytest.mark.parametrize(
    "reply",
    [
        says(b"HTTP/1.1 202 Accepted\r\nContent-Length: 500\r\n\r\nhalf"),
        resets(b"HTTP/1.1 202 Accepted\r\nContent-Length: 500\r\n\r\n"),
        says(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        says(b"HTTP/1.1 202 Accepted\r\nContent-Length: -5\r\n\r\n<html>"),
        says(b"HTTP/1.1 202 Accepted\r\nContent-Encoding: gzip\r\n\r\nnot gzip"),
        drips(b"HTTP/1.1 202 Accepted\r\n\r\n" + b"." * 400),
    ],
)
def test_an_acceptance_holds_though_its_body_breaks_off(reply: Reply) -> None:
    with served(reply) as wire, session_to(wire.url, read=0.8) as session:
        assert session.send_one(parcel()).status == 202


def test_a_refusal_without_its_whole_body_is_a_refusal_without_reasons() -> None:
    caught = failure_after(says(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 500\r\n\r\n{"errors": ['))
    assert isinstance(caught, Rejected)
    assert caught.detail == "Klaviyo answered 400 without giving a reason."


def test_no_more_than_a_megabyte_of_an_answer_is_read() -> None:
    flood = says(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 3_000_000)
    with served(flood) as wire, session_to(wire.url) as session:
        assert len(session.exchange("GET", "/api/accounts").body) == 1_000_000


def test_a_compressed_answer_is_not_unpacked() -> None:
    packed = answers("200 OK", "Content-Encoding: gzip\r\n", b"\x1f\x8b")
    with served(packed) as wire, session_to(wire.url) as session:
        assert session.exchange("GET", "/api/accounts").body == b"\x1f\x8b"
    assert header_of(wire.requests[0], "Accept-Encoding") == "identity"


def test_what_follows_an_interim_answer_is_not_taken_for_the_next_one() -> None:
    early = says(b"HTTP/1.1 103 Early Hints\r\n\r\n", hang_up=False)
    with served(early, answers("400 Bad Request"), ACCEPTED) as wire, session_to(wire.url) as session:
        with pytest.raises(Unavailable):
            session.send_one(parcel())
        with pytest.raises(Rejected):
            session.send_one(parcel())
    assert wire.connections == 2


def test_writing_a_large_request_may_take_longer_than_connecting() -> None:
    item = parcel(properties='{"Text": "' + "x" * 10_000_000 + '"}')
    with served(ACCEPTED) as wire, session_to(wire.url, connect=0.002, read=10) as session:
        assert session.send_one(item).status == 202


def test_a_redirect_is_not_followed() -> None:
    with served(ACCEPTED) as elsewhere, served(answers("307 Moved", f"Location: {elsewhere.url}/\r\n")) as wire:
        with session_to(wire.url) as session, pytest.raises(Unsupported):
            session.send_one(parcel())
        assert (elsewhere.connections, len(wire.requests)) == (0, 1)


@pytest.mark.parametrize("reply", [answers("503 Service Unavailable", "Retry-After: 0\r\n"), resets()])
def test_nothing_is_sent_twice_by_itself(reply: Reply) -> None:
    with served(reply) as wire, session_to(wire.url) as session, pytest.raises(Unavailable):
        taken(session.exchange("GET", "/api/accounts"), "accounts:read")
    assert len(wire.requests) == 1


def test_a_read_waits_no_longer_than_what_is_left_of_the_answers_time() -> None:
    near, far = socket.socketpair()
    with near, far, closing(transport.TimedReader(near, seconds=5)) as reader:
        near.settimeout(600)
        far.send(b"x")
        assert reader.read(1) == b"x"
        assert 0 < (near.gettimeout() or 0) <= 5


def test_an_answer_whose_time_is_over_is_not_read_on() -> None:
    near, far = socket.socketpair()
    with near, far, closing(transport.TimedReader(near, seconds=0)) as reader:
        far.send(b"x")
        with pytest.raises(TimeoutError):
            reader.read(1)


def test_the_environment_changes_neither_the_key_nor_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with served(ACCEPTED) as wire, session_to(wire.url) as session:
        session.send_one(parcel())
    assert header_of(wire.requests[0], "Authorization") == f"Klaviyo-API-Key {KEY}"


def test_a_user_in_the_address_does_not_replace_the_key() -> None:
    with served(ACCEPTED) as wire, session_to(wire.url.replace("//", "//someone:else@")) as session:
        session.send_one(parcel())
    assert header_of(wire.requests[0], "Authorization") == f"Klaviyo-API-Key {KEY}"


def test_cookies_are_not_kept() -> None:
    reply = answers("202 Accepted", "Set-Cookie: __cf_bm=abc; path=/\r\n")
    with served(reply) as wire, session_to(wire.url) as session:
        session.send_one(parcel())
        session.send_one(parcel())
    assert [header_of(request, "Cookie") for request in wire.requests] == ["", ""]


def test_each_session_sends_its_own_key_from_any_thread() -> None:
    def send(place: int) -> None:
        sessions[place % 5].send_one(parcel(unique_id=f"of-{place % 5}"))

    with served(ACCEPTED) as wire:
        sessions = [KlaviyoSession(f"pk_tenant_{n}", base_url=wire.url, revision=REVISION) for n in range(5)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(send, range(200)))
        for session in sessions:
            session.close()
    seen = {(header_of(request, "Authorization")[-1], request.rpartition(b'"of-')[2][:1]) for request in wire.requests}
    assert seen == {(str(n), str(n).encode()) for n in range(5)}
    assert len(wire.requests) == 200


@pytest.mark.parametrize(
    "key",
    [
        "",
        "pk_",
        "pk_abc\r\nX-Injected: 1",
        "pk_abc\n",
        " pk_abc",
        "pk_abc def",
        "pk\u2013abc",
        "pk_ab\u00e7",
        "AbC123",
        "pk_" + "a" * 4096,
        "pk_\x00",
    ],
)
def test_a_key_that_cannot_be_one_never_leaves(key: str) -> None:
    with served(ACCEPTED) as wire, session_to(wire.url, key) as session:
        with pytest.raises(ConnectionPaused) as caught:
            session.send_one(parcel())
        assert wire.connections == 0
    assert caught.value.reason == "auth"
    assert not key.strip() or key.strip() not in str(caught.value).replace("starts with pk_", "")


@pytest.mark.parametrize(
    "reply",
    [
        resets(),
        hangs,
        says(b"HTTP/1.1 banana\r\n\r\n"),
        answers("401 Unauthorized", body=b'{"errors": [{"detail": "Key ' + KEY.encode() + b' is bad"}]}'),
        answers("400 Bad Request", body=b'{"errors": [{"detail": "Key ' + KEY.encode() + b' is bad"}]}'),
        answers("307 Moved", f"Location: http://127.0.0.1:1/{KEY}\r\n"),
    ],
)
def test_a_failure_never_tells_the_key(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caught = failure_after(reply)
    told = "".join(traceback.format_exception(caught)) + repr(vars(caught)) + caplog.text
    assert KEY not in told


def test_a_refusal_of_a_single_event_names_it_by_any_pointer() -> None:
    body = b'{"errors": [{"detail": "Invalid email address", "source": {"pointer": "/data/attributes/email"}}]}'
    caught = failure_after(answers("400 Bad Request", body=body))
    assert isinstance(caught, Rejected)
    assert [(fault.index, fault.detail) for fault in caught.faults] == [(0, "Invalid email address")]


def test_an_event_that_json_cannot_hold_is_rejected_unsent() -> None:
    with served(ACCEPTED) as wire, session_to(wire.url) as session:
        with pytest.raises(Rejected) as caught:
            session.send_one(parcel(unique_id="\ud800"))
        assert wire.connections == 0
    assert [fault.index for fault in caught.value.faults] == [0]


def test_a_batch_that_json_cannot_hold_is_rejected_without_naming_an_item() -> None:
    with session_to("http://127.0.0.1:1") as session, pytest.raises(Rejected) as caught:
        session.send_bulk([parcel(), parcel(unique_id="\ud800")])
    assert [fault.index for fault in caught.value.faults] == [None]


def test_an_address_that_is_none_is_an_outage_and_no_crash() -> None:
    caught = outage_at("http://127.0.0.1:99999")
    assert caught.ambiguous
    assert caught.detail == "The connection to Klaviyo broke (InvalidURL)."
