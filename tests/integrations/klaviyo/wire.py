"""A server that misbehaves exactly as told, at the level of sockets, because a well-behaved library could not."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator

Reply = Callable[[socket.socket, threading.Event], None]


class Wire:
    """Reads whole requests and answers each with the next reply of a script, the last one again and again.

    A `greeting` is sent at once on every connection, before any request.
    """

    def __init__(self, *script: Reply, greeting: bytes = b"") -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._script = list(script)
        self._greeting = greeting
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._start(self._listen)

    def close(self) -> None:
        """End all connections and threads."""
        self._stopped.set()
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connected)
            self._start(self._serve, connected)

    def _serve(self, connected: socket.socket) -> None:
        with connected, contextlib.suppress(OSError):
            connected.sendall(self._greeting)
            while request := _read_request(connected):
                with self._lock:
                    self.requests.append(request)
                    reply = self._script.pop(0) if len(self._script) > 1 else self._script[0]
                reply(connected, self._stopped)
                if connected.fileno() == -1:
                    return


def answers(status: str, headers: str = "", body: bytes = b"") -> Reply:
    """Answer properly, for example with "202 Accepted"."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode()
    return says(head + body, hang_up=False)


def says(raw: bytes, *, hang_up: bool = True) -> Reply:
    """Send these bytes, then end the connection."""

    def reply(connected: socket.socket, _stopped: threading.Event) -> None:
        connected.sendall(raw)
        if hang_up:
            connected.close()

    return reply


def resets(after: bytes = b"") -> Reply:
    """Send these bytes, then reset the connection (RST)."""

    def reply(connected: socket.socket, _stopped: threading.Event) -> None:
        connected.sendall(after)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connected.close()

    return reply


def hangs(connected: socket.socket, stopped: threading.Event) -> None:
    """Never answer."""
    stopped.wait(30)
    connected.close()


def drips(raw: bytes) -> Reply:
    """Send one byte every 20 ms, over and over, until the other side has gone."""

    def reply(connected: socket.socket, stopped: threading.Event) -> None:
        for byte in raw:
            if stopped.wait(0.02):
                break
            connected.sendall(bytes([byte]))
        connected.close()

    return reply


@contextlib.contextmanager
def served(*script: Reply, greeting: bytes = b"") -> Iterator[Wire]:
    """Run a server for as long as the block lasts."""
    wire = Wire(*script, greeting=greeting)
    try:
        yield wire
    finally:
        wire.close()


def header_of(request: bytes, name: str) -> str:
    """Return a header of a request that the server has read, "" where it had none."""
    match = re.search(rf"^{name}: (.*)\r$".encode(), request, re.IGNORECASE | re.MULTILINE)
    return match[1].decode() if match else ""


def _read_request(connected: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connected.recv(65536)
        if not part:
            return b""
        received += part
    length = int(header_of(received, "Content-Length") or 0)
    whole = received.index(b"\r\n\r\n") + 4 + length
    while len(received) < whole:
        part = connected.recv(65536)
        if not part:
            return b""
        received += part
    return received
