"""A merchant's system that gives out its log over a real socket: a page for each GET, as docs/lifecycle.md says.

It is a process's thread in tests. `python -m tests.support.log_feed ENTRIES` serves so many made entries, for benchmarks and for
processes that are killed.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "feed-secret"
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
KINDS = ("cancelled", "contact.form", "failed.payment", "referral.credit", "shipping.email", "started.signup")
Entry = dict[str, Any]


def made(number: int) -> Entry:
    """The entry with that number: five of one shopper, all kinds in turn."""
    shopper = number // 5
    return {
        "entry_id": f"e{number}",
        "kind": KINDS[number % len(KINDS)],
        "occurred_at": (FIRST + timedelta(minutes=number)).isoformat(),
        "customer": {"email": f"s{shopper}@shopper.example", "first_name": "Sam", "last_name": f"S{shopper}"},
        "data": {"Amount": 12.5, "Subject": "A question", "OrderNumber": f"#{number}"},
        "plan": {"schedule": "Weekly", "box": "Small box", "status": "Active", "subscribed": True},
    }


class Feed:
    """The log: a place in it is a number. `asked` are the queries so far; `fails` answers so many requests with 500.

    `circle` is a place at which it leads back to the place 0.
    """

    def __init__(self, count: int, entry: Callable[[int], Entry]) -> None:
        self.count = count
        self.entry = entry
        self.asked: list[dict[str, str]] = []
        self.fails = 0
        self.circle: int | None = None
        self.url = ""

    def page(self, asked: dict[str, str]) -> Entry:
        """The page that was asked for."""
        start = int(asked.get("cursor", "0"))
        if "cursor" not in asked and "since" in asked:
            since = datetime.fromisoformat(asked["since"])
            times = (datetime.fromisoformat(self.entry(number)["occurred_at"]) for number in range(self.count))
            start = sum(1 for time in times if time < since)
        end = min(start + int(asked["limit"]), self.count)
        return {
            "entries": [self.entry(number) for number in range(start, end)],
            "next": "0" if end == self.circle else str(end),
            "more": end < self.count,
        }


@contextmanager
def serving(entries: Sequence[Entry]) -> Iterator[Feed]:
    """A feed of these entries, oldest first; the list may grow."""
    feed = Feed(len(entries), lambda number: entries[number])
    server = _server(feed, 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield feed
    finally:
        server.shutdown()
        server.server_close()


def _server(feed: Feed, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            feed.asked.append(asked)
            status, body = 200, b""
            if self.headers.get("Authorization") != f"Bearer {SECRET}":
                status = 401
            elif feed.fails:
                feed.fails, status = feed.fails - 1, 500
            else:
                body = json.dumps(feed.page(asked)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    feed.url = f"http://127.0.0.1:{server.server_address[1]}/log"
    return server


if __name__ == "__main__":
    of = Feed(int(sys.argv[1]), made)
    serves = _server(of, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    sys.stdout.write(f"{of.url}\n")
    sys.stdout.flush()
    serves.serve_forever()
