"""A shop's own system as it gives out its activity log: a page for each GET, in this process."""

from __future__ import annotations

import json
import secrets
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from config.demo.calls import Entry
from config.demo.processes import HOST

SECRET = secrets.token_urlsafe(32)
"""What whoever reads it shows. Each demo has its own."""


@dataclass(slots=True)
class Feed:
    """A log, oldest entry first, of which only that is known which happened by `until`. A place in it is a number."""

    entries: Sequence[Entry]
    until: datetime
    address: str = ""

    def page(self, asked: dict[str, str]) -> dict[str, Any]:
        """The page that was asked for."""
        times = [each.at for each in self.entries]
        start = int(asked.get("cursor", "0"))
        if "since" in asked:
            start = bisect_left(times, datetime.fromisoformat(asked["since"]))
        known = bisect_right(times, self.until)
        end = min(start + int(asked["limit"]), known)
        return {"entries": [each.body for each in self.entries[start:end]], "next": str(end), "more": end < known}


@contextmanager
def serving(feed: Feed) -> Iterator[None]:
    """Give it out at an address that nobody else listens on."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_known = self.headers.get("Authorization") == f"Bearer {SECRET}"
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            body = json.dumps(feed.page(asked)).encode() if is_known else b""
            self.send_response(200 if is_known else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        feed.address = f"http://{HOST}:{server.server_port}/log"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
