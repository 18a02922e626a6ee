"""Connections of `requests` that keep two promises which it does not keep by itself.

An error says truly whether the request had left this machine: what goes wrong while connecting, also in a TLS
handshake, is always a `NewConnectionError`. And an answer has one deadline from its first byte to its last, so that a
server that sends one byte now and then cannot hold a thread.
"""

from __future__ import annotations

import http.client
import io
import socket
from time import monotonic
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

SEND_SECONDS = 30
"""How long writing one request may take. urllib3 gives it the connect timeout: too short for 4.5 MB on a slow line."""


class TimedReader(io.RawIOBase):
    """Reads from a socket until a deadline, however many reads that takes."""

    def __init__(self, connected: socket.socket, seconds: float) -> None:
        self._socket = connected
        self._raw = connected.makefile("rb", buffering=0)
        self._deadline = monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._socket.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """An answer that must be complete within the read timeout of its socket."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp.close()
            self.fp = io.BufferedReader(TimedReader(sock, seconds))

    def begin(self) -> None:
        """Read status and headers. After an interim status more follows, which is not the next request's answer."""
        super().begin()
        if self.status < 200:
            self.will_close = True


class _Careful(HTTPConnection):
    """What the plain and the encrypted connection have in common."""

    response_class = _TimedResponse

    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise NewConnectionError(self, type(error).__name__) from error

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.sock.settimeout(SEND_SECONDS)
        super().send(data)


class _CarefulTLS(_Careful, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Careful


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _CarefulTLS


class CarefulAdapter(HTTPAdapter):
    """A pool of `size` connections to one host, without retries."""

    def __init__(self, size: int) -> None:
        super().__init__(pool_connections=1, pool_maxsize=size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}
