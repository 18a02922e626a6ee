"""The web server as it runs in production, over raw sockets: what no client library would send."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from config import env, web_worker
from integrations import merchants, wake
from integrations.models import InboundMessage, Merchant, Tick
from tests.support.waiting import wait_for

SECRET = "the shop's secret"
BODY = json.dumps({"id": 1, "created_at": "2026-11-20T10:00:00-05:00"}).encode()
CHUNKED = b"Transfer-Encoding: chunked\r\n"
MEGABYTE = 1024 * 1024


class Server:
    """One process of it, with four threads."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process

    def send(self, *parts: bytes, seconds: float = 10) -> bytes:
        """The first line of the answer to some bytes; empty where the connection was ended without one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connected:
            with contextlib.suppress(ConnectionError):
                for part in parts:
                    connected.sendall(part)
            with contextlib.suppress(ConnectionError):
                return connected.recv(65536).partition(b"\r\n")[0]
        return b""

    def status(self, *parts: bytes) -> int:
        """The status of the answer, 0 where there was none."""
        line = self.send(*parts)
        return int(line.split()[1]) if line else 0

    def is_alive(self) -> bool:
        """Whether it answers somebody else at once."""
        started = time.monotonic()
        with contextlib.suppress(OSError):
            return self.status(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == 200 and time.monotonic() - started < 3
        return False

    def resident(self) -> int:
        """Bytes of memory of its processes."""
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in children]
        return sum(int(each.partition("VmRSS:")[2].split()[0]) * 1024 for each in statuses)


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Server]:
    """The server on a free port, over the database of the tests."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    changes = {"WEB_BIND": f"127.0.0.1:{port}", "WEB_PROCESSES": "1", "WEB_THREADS": "4"}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn"]
    with subprocess.Popen(command, cwd=env.ROOT, env=os.environ | changes, stderr=subprocess.DEVNULL) as process:
        running = Server(port, process)
        try:
            wait_for(running.is_alive, "the web server")
            yield running
        finally:
            process.terminate()


def head(path: str = "/hooks/m_nobody/shopify/", *lines: bytes) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode() + b"".join(lines) + b"\r\n"


def length(value: bytes) -> bytes:
    return b"Content-Length: " + value + b"\r\n"


BROKEN: dict[str, tuple[bytes, ...]] = {
    "negative length": (head("/", length(b"-5")), BODY),
    "length of letters": (head("/", length(b"many")), BODY),
    "length with a sign": (head("/", length(b"+5")), BODY),
    "length of 5,000 digits": (head("/", length(b"9" * 5000)), BODY),
    "two lengths": (head("/", length(b"5"), length(b"6")), BODY),
    "length in other digits": (head("/", length("１".encode())), BODY),  # noqa: RUF001
    "length and chunks": (head("/", length(b"5"), CHUNKED), b"5\r\nhello\r\n0\r\n\r\n"),
    "length of 2 GB": (head("/hooks/m_nobody/shopify/", length(str(2**31).encode())), BODY),
    "body of 10 MB": (head("/hooks/m_nobody/shopify/", length(str(10 * MEGABYTE).encode())), b" " * 10 * MEGABYTE),
    "no length": (head(), BODY),
    "length too short": (head("/hooks/m_nobody/shopify/", length(b"3")), BODY),
    "chunks": (head("/hooks/m_nobody/shopify/", CHUNKED), b"5\r\nhello\r\n0\r\n\r\n"),
    "chunk of no number": (head("/hooks/m_nobody/shopify/", CHUNKED), b"zz\r\nhello\r\n"),
    "chunk of 2^64": (head("/hooks/m_nobody/shopify/", CHUNKED), b"ffffffffffffffff\r\nhello\r\n"),
    "coding that is none": (head("/", b"Transfer-Encoding: rot13\r\n"), BODY),
    "header of 100 KB": (head("/", b"X-Long: " + b"x" * 100_000 + b"\r\n"),),
    "10,000 headers": (head("/", *(f"X-{number}: 1\r\n".encode() for number in range(10_000))),),
    "address of 100 KB": (head("/" + "x" * 100_000),),
    "NUL in a header": (head("/", b"X-Nul: a\x00b\r\n"),),
    "header without a colon": (head("/", b"nonsense\r\n"),),
    "header with a line break": (head("/", b"X-A: b\r\n c\r\n"),),
    "blank in a header's name": (head("/", b"X A: b\r\n"),),
    "version that is none": (b"GET / HTTP/9.9\r\n\r\n",),
    "no request at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" * 20 + b"\r\n\r\n",),
    "method that is none": (b"\x00\x01 / HTTP/1.1\r\n\r\n",),
    "only line ends": (b"\r\n" * 2000,),
    "no line end": (b"G" * 20_000,),
}


@pytest.mark.parametrize("parts", BROKEN.values(), ids=BROKEN.keys())
def test_broken_request_is_refused_and_hurts_nobody(server: Server, parts: tuple[bytes, ...]) -> None:
    started = time.monotonic()
    status = server.status(*parts)

    assert status in (0, 501) or 300 <= status < 500  # 501: "such a coding is not known"
    assert time.monotonic() - started < 5
    assert server.is_alive()


def test_slow_clients_hold_up_nobody(server: Server) -> None:
    """Three of four threads wait: for the rest of a line, of the headers, of a body."""
    unfinished = [b"POST /hooks", head()[:-2], head("/hooks/m_nobody/shopify/", length(b"500")) + b"{"]
    with contextlib.ExitStack() as clients:
        for part in unfinished:
            connected = clients.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            connected.sendall(part)
        assert [server.is_alive() for _ in range(5)] == [True] * 5


def test_client_that_leaves_in_the_middle_of_a_body_hurts_nobody(server: Server) -> None:
    for part in (b"", b"{", BODY[:20]):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connected:
            connected.sendall(head("/hooks/m_nobody/shopify/", length(b"500")) + part)

    assert server.is_alive()


def test_endless_stream_costs_no_memory(server: Server) -> None:
    before = server.resident()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connected:
        connected.sendall(head("/hooks/m_nobody/shopify/", CHUNKED))
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        with contextlib.suppress(OSError):
            for _ in range(64 * MEGABYTE // 0x10000):
                connected.sendall(chunk)

    assert server.is_alive()
    assert server.resident() - before < 20 * MEGABYTE


def test_good_message_is_taken_after_all_that_and_a_worker_is_asked_for(server: Server, transactional_db: None) -> None:
    Tick.objects.create(name=wake.HANDLE_INBOUND)
    merchant = Merchant.objects.create(name="Alba")
    merchants.set_source_secret(merchant, "shopify", SECRET, at=timezone.now())
    signature = base64.b64encode(hmac.digest(SECRET.encode(), BODY, "sha256"))
    lines = [
        length(str(len(BODY)).encode()),
        b"X-Shopify-Topic: orders/create\r\n",
        b"X-Shopify-Hmac-Sha256: " + signature,
    ]

    assert server.status(head(f"/hooks/{merchant.public_id}/shopify/", *lines, b"\r\n") + BODY) == 202
    assert bytes(InboundMessage.objects.get().body) == BODY
    wait_for(OrmQ.objects.exists, "the hint")


def worker_with(since: float) -> tuple[Any, socket.socket, socket.socket]:
    """A worker that serves one client since then: (worker, its end, the client's end)."""
    ours, theirs = socket.socketpair()
    worker = web_worker.BoundedWorker.__new__(web_worker.BoundedWorker)
    worker._since = {_Connection(ours): since}
    return worker, ours, theirs


class _Connection:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock


def test_client_that_takes_too_long_is_heard_no_longer_but_still_answered() -> None:
    worker, ours, theirs = worker_with(since=100.0)
    with ours, theirs:
        worker.stop_reading(before=100.5)

        assert ours.recv(1) == b""
        ours.sendall(b"an answer")
        assert theirs.recv(9) == b"an answer"


def test_client_that_is_in_time_is_heard() -> None:
    worker, ours, theirs = worker_with(since=100.0)
    with ours, theirs:
        worker.stop_reading(before=99.5)
        theirs.sendall(b"more")

        assert ours.recv(4) == b"more"
