"""HTTP for a sandbox: the standard library's threading server with keep-alive, a bounded body and broken endings."""

from __future__ import annotations

import socket
import socketserver
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import Event, Lock, Thread
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from .wire import Reply, Request

Answerer = Callable[[Request], Reply]

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_NO_LINGER = struct.pack("ii", 1, 0)
_MAX_DISCARDED = 50_000_000
_PROMISED_MORE = 64


class SandboxServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread for each connection. Closing it closes every open connection, also those that hang on purpose.

    A body of more than `most_bytes` is not read: `refuse_large` answers.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, host: str, port: int, answer: Answerer, refuse_large: Answerer, *, most_bytes: int) -> None:
        self.answer = answer
        self.refuse_large = refuse_large
        self.most_bytes = most_bytes
        self.stopping = Event()
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._thread = Thread(target=self._accept, daemon=True, name="sandbox")
        super().__init__((host, port), _Handler)

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, wake all hanging answers and close all connections."""
        self.stopping.set()
        with suppress(OSError):  # One more connection wakes the thread that waits for connections.
            socket.create_connection(self.socket.getsockname(), timeout=1).close()
        self._thread.join()
        self.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _shut(connection)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            self.handle_request()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that it can be closed with the server."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that is to be reset is closed without the polite goodbye."""
        with self._lock:
            self._open.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) != _NO_LINGER:
            _shut(request)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is nothing to report; anything else is."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Reads one request after another from a connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120
    server: SandboxServer
    reasons: ClassVar[dict[int, str]] = _REASONS

    def do_GET(self) -> None:
        """Answer a request."""
        self._serve()

    do_POST = do_DELETE = do_PATCH = do_PUT = do_OPTIONS = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """The journal notes requests; standard error stays quiet."""

    def _serve(self) -> None:
        length = self._body_length()
        if length is None:
            self.close_connection = True
            self._send(Reply(411, b"", {"Connection": "close"}))
            return
        if length > self.server.most_bytes:
            self._discard(length)
            self._send(self.server.refuse_large(self._request(b"")))
            return
        body = self.rfile.read(length) if length else b""
        if len(body) < length:
            self.close_connection = True
            return
        self._finish(self.server.answer(self._request(body)))

    def _body_length(self) -> int | None:
        """The length of the body, or None if it is not stated."""
        text = self.headers.get("Content-Length")
        if text is None:
            return None if "Transfer-Encoding" in self.headers else 0
        return int(text) if text.isascii() and text.isdigit() else None

    def _discard(self, length: int) -> None:
        """Read a body away, so that the client can read the answer; a monstrous one is cut off."""
        if length > _MAX_DISCARDED:
            self.close_connection = True
            return
        while length > 0:
            part = self.rfile.read(min(length, 65_536))
            if not part:
                break
            length -= len(part)

    def _request(self, body: bytes) -> Request:
        address = urlsplit(self.path)
        host = self.headers.get("Host") or "{}:{}".format(*self.server.server_address[:2])
        return Request(
            method=self.command,
            path=address.path,
            query=dict(parse_qsl(address.query, keep_blank_values=True)) if address.query else {},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            base=f"http://{host}",
        )

    def _finish(self, reply: Reply) -> None:
        """Wait, then send the reply, half of it, or nothing."""
        if reply.delay:
            self.server.stopping.wait(reply.delay)
        if reply.ending != "complete":
            self.close_connection = True
        if reply.ending == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        elif reply.ending != "close":
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        is_half = reply.ending == "half"
        length = len(reply.body) + (_PROMISED_MORE if is_half else 0)
        lines = [f"HTTP/1.1 {reply.status} {self.reasons.get(reply.status, '')}"]
        lines += [f"Date: {self.date_time_string()}", *(f"{name}: {value}" for name, value in reply.headers.items())]
        if reply.status != 204:
            lines.append(f"Content-Length: {length}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(head + (reply.body[: len(reply.body) // 2] if is_half else reply.body))


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
