"""The process that serves requests: gunicorn's with threads, which waits for a slow client no longer than a bound."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

READ_SECONDS = 20.0
"""A client that has not sent its request by then is heard no longer. Shopify gives up after five."""

_LOOK_EVERY = 1.0


class BoundedWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn gives a request to a thread when its first byte is there, and then waits for the rest for ever: a few clients
    that send a byte now and then would take every thread.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._since: dict[Any, float] = {}

    def init_process(self) -> None:
        """Serve, beside a thread that watches the clock and one that passes hints on."""
        # The server imports this module before it sets Django up.
        from integrations import wake

        threading.Thread(target=self._watch, name="read-bound", daemon=True).start()
        hints = wake.collect()
        super().init_process()
        hints.pass_on()

    def handle(self, conn: Any) -> Any:
        """Serve one request."""
        self._since[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self._since.pop(conn, None)

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY)
            self.stop_reading(before=time.monotonic() - READ_SECONDS)

    def stop_reading(self, *, before: float) -> None:
        """Read no more from clients whose requests began `before`. What is being answered is still written to its end."""
        for conn, since in list(self._since.items()):
            if since < before:
                with contextlib.suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)
