"""A Klaviyo that takes everything: it reads whole requests and answers 202, at once or after a while.

It is made to cost next to nothing, so that it is never what is measured: one process, one thread, a body is read into place
and looked at once, to count its events. Its rate limits never bind. `GET /counts` tells what came in.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import subprocess
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from benchmarks.environment import ROOT

HOST = "127.0.0.1"
EVENT = b'"unique_id":'
END_OF_HEAD = b"\r\n\r\n"
FIRST_ROOM = 64 * 1024
TAKEN = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/vnd.api+json\r\nContent-Length: 0\r\n"
    b"RateLimit-Limit: 1000000, 1000000;w=1, 60000000;w=60\r\nRateLimit-Remaining: 999999\r\nRateLimit-Reset: 0\r\n\r\n"
)


@dataclass(slots=True)
class Counts:
    """What came in: requests, the events in them, and the bytes of their bodies."""

    requests: int = 0
    events: int = 0
    bytes: int = 0


class Client(asyncio.BufferedProtocol):
    """One connection: requests one after the other, each read whole before it is answered."""

    def __init__(self, counts: Counts, delay: float) -> None:
        self._counts = counts
        self._delay = delay
        self._room = bytearray(FIRST_ROOM)
        self._filled = 0
        self._body_at = 0
        self._needed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return memoryview(self._room)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Answer, once a request is whole. No client sends a second one before it has the answer."""
        self._filled += nbytes
        if not self._needed:
            self._read_head()
        if self._needed and self._filled >= self._needed:
            self._answer()
            self._filled = self._needed = 0

    def _read_head(self) -> None:
        end = self._room.find(END_OF_HEAD, 0, self._filled)
        if end < 0:
            return
        length = next(
            (
                int(line.partition(b":")[2])
                for line in bytes(self._room[:end]).split(b"\r\n")
                if line[:15].lower() == b"content-length:"
            ),
            0,
        )
        self._body_at = end + len(END_OF_HEAD)
        self._needed = self._body_at + length
        if self._needed >= len(self._room):
            larger = bytearray(2 * self._needed)
            larger[: self._filled] = memoryview(self._room)[: self._filled]
            self._room = larger

    def _answer(self) -> None:
        if self._room.startswith(b"GET "):
            body = json.dumps([self._counts.requests, self._counts.events, self._counts.bytes]).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            return
        self._counts.requests += 1
        self._counts.events += self._room.count(EVENT, self._body_at, self._needed)
        self._counts.bytes += self._needed - self._body_at
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, TAKEN)
        else:
            self._transport.write(TAKEN)


class Stub:
    """The stub in a process of its own, for the time of a `with` block. `delay` in seconds."""

    def __init__(self, delay: float) -> None:
        self.delay = delay

    def __enter__(self) -> Stub:
        command = [sys.executable, "-m", "benchmarks.stub", "--delay", str(self.delay)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://{HOST}:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def counts(self) -> Counts:
        """What came in so far."""
        return counts(self.url)


def counts(url: str) -> Counts:
    """What came in so far at the stub at `url`."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("GET", "/counts")
    found: list[Any] = json.loads(connection.getresponse().read())
    connection.close()
    return Counts(*found)


async def serve(delay: float) -> None:
    """Answer until killed; the first line of output is the port."""
    seen = Counts()
    server = await asyncio.get_running_loop().create_server(lambda: Client(seen, delay), HOST, 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    asyncio.run(serve(parser.parse_args().delay))
