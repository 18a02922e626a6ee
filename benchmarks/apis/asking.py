"""A client that asks for pages over a few connections: `python -m benchmarks.apis.asking PORT SECONDS HEADERS < addresses`.

Addresses are asked for in turn, one line each; HEADERS is JSON. One thread, raw sockets, requests are made before the clock
starts. A connection is replaced after some requests, so that none of the server's processes keeps them all. Prints the seconds,
each answer's milliseconds, and the bytes of one body, as JSON.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from itertools import cycle

CONNECTIONS = 4
EACH = 25
"""Requests on one connection."""

ROOM = 4 * 1024 * 1024


class Client:
    """Asks one request after the other on one connection at a time."""

    def __init__(self, port: int, room: memoryview) -> None:
        self._port, self._room = port, room
        self._asked, self.sent_at = 0, 0.0
        self.connection = self._connect()

    def ask(self, request: bytes) -> None:
        """Send a request."""
        if self._asked == EACH:
            self.connection.close()
            self.connection, self._asked = self._connect(), 0
        self._asked += 1
        self.sent_at = time.perf_counter()
        self.connection.sendall(request)

    def receive(self) -> int:
        """Read one whole answer; the bytes of its body. Raises `RuntimeError` for any but 200."""
        filled, end = 0, -1
        while end < 0 or filled < end:
            count = self.connection.recv_into(self._room[filled:])
            filled += count
            if end < 0 and (head := bytes(self._room[:filled]).partition(b"\r\n\r\n"))[1]:
                end = len(head[0]) + 4 + _length(head[0])
            if not count:
                break
        if not bytes(self._room[:12]) == b"HTTP/1.1 200" or filled != end:
            raise RuntimeError(f"not answered: {bytes(self._room[:300])!r}")
        return _length(bytes(self._room[:4096]).partition(b"\r\n\r\n")[0])

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def measured(port: int, requests: list[bytes], seconds: float) -> dict[str, object]:
    """Ask on every connection until the time is over."""
    selector, room, size = selectors.DefaultSelector(), memoryview(bytearray(ROOM)), 0
    turn, took = cycle(requests), list[float]()
    waiting = CONNECTIONS
    began = time.perf_counter()
    for _ in range(CONNECTIONS):
        client = Client(port, room)
        client.ask(next(turn))
        selector.register(client.connection, selectors.EVENT_READ, client)
    while waiting:
        for key, _ in selector.select():
            client = key.data
            size = client.receive()
            now = time.perf_counter()
            took.append((now - client.sent_at) * 1000)
            selector.unregister(client.connection)
            if now - began < seconds:
                client.ask(next(turn))
                selector.register(client.connection, selectors.EVENT_READ, client)
            else:
                waiting -= 1
    return {"seconds": time.perf_counter() - began, "milliseconds": took, "bytes": size}


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)


def main() -> None:
    """Make the requests, ask, and tell."""
    port, seconds, headers = int(sys.argv[1]), float(sys.argv[2]), json.loads(sys.argv[3])
    head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "127.0.0.1", **headers}.items())
    requests = [f"GET {line.strip()} HTTP/1.1\r\n{head}\r\n".encode() for line in sys.stdin]
    print(json.dumps(measured(port, requests, seconds)))


if __name__ == "__main__":
    main()
