"""A sender of signed webhooks over a few connections that stay open: `python -m benchmarks.load PORT SECONDS FIRST`.

One thread, raw sockets; every request is built and signed before the clock starts. Prints how many were answered 202, in how
many seconds, and each answer's milliseconds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import selectors
import socket
import sys
import time
from datetime import UTC, datetime

MERCHANT = 1
"""Primary key of the merchant to whom everything is sent."""

PUBLIC_ID, SECRET, DOMAIN = "m_0123456789abcdef", "the secret of the benchmarks", "bench.myshopify.com"
CONNECTIONS = 8
MOST_PER_SECOND = 4_000
"""More are not prepared: a server that takes more of them ends its run early."""

ADDRESS = {
    "first_name": "Ann",
    "last_name": "Shopper",
    "address1": "112 Main Street",
    "address2": "Apartment 4",
    "city": "Portland",
    "province": "Oregon",
    "country": "United States",
    "zip": "97205",
    "phone": None,
    "company": None,
    "latitude": 45.523064,
    "longitude": -122.676483,
    "country_code": "US",
    "province_code": "OR",
}


def order(number: int) -> bytes:
    """A paid order with two lines, about 3 KB, as Shopify posts it."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    document = {
        "id": 5_000_000_000 + number,
        "admin_graphql_api_id": f"gid://shopify/Order/{5_000_000_000 + number}",
        "name": f"#{number}",
        "email": f"shopper-{number}@mail.example",
        "created_at": at,
        "updated_at": at,
        "cancelled_at": None,
        "financial_status": "paid",
        "currency": "USD",
        "total_price": "108.00",
        "subtotal_price": "98.00",
        "total_tax": "10.00",
        "test": False,
        "note": None,
        "tags": "spring, returning",
        "source_name": "web",
        "landing_site": "/collections/jumpers?utm_source=newsletter",
        "order_status_url": f"https://{DOMAIN}/orders/{number}/authenticate?key=0123456789abcdef",
        "customer": {"id": 7_000_000_000 + number, "first_name": "Ann", "last_name": "Shopper", "phone": None},
        "billing_address": ADDRESS,
        "shipping_address": ADDRESS,
        "shipping_lines": [{"id": number, "title": "Standard", "price": "5.00", "code": "standard", "carrier": None}],
        "line_items": [_line(number * 10 + place, title) for place, title in enumerate(("Wool jumper", "Socks"))],
        "fulfillments": [],
        "refunds": [],
    }
    return json.dumps(document).encode()


def _line(line_id: int, title: str) -> dict[str, object]:
    return {
        "id": line_id,
        "title": title,
        "variant_title": "M / dark green",
        "sku": f"SKU-{line_id}",
        "product_id": 600 + line_id,
        "variant_id": 700 + line_id,
        "vendor": "Bench",
        "quantity": 1,
        "current_quantity": 1,
        "price": "49.00",
        "requires_shipping": True,
        "taxable": True,
        "gift_card": False,
        "grams": 300,
        "properties": [],
        "tax_lines": [{"title": "State tax", "price": "5.00", "rate": 0.1}],
    }


def headers(number: int, body: bytes) -> dict[str, str]:
    """Shopify's headers of order `number`."""
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    return {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Webhook-Id": f"bench-{number}",
        "X-Shopify-Shop-Domain": DOMAIN,
        "X-Shopify-Hmac-Sha256": signature,
    }


def signed(number: int) -> bytes:
    """A whole HTTP request that posts order `number`."""
    body = order(number)
    lines = [
        f"POST /hooks/{PUBLIC_ID}/shopify/ HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        *(f"{name}: {value}" for name, value in headers(number, body).items()),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def post(port: int, requests: list[bytes], seconds: float) -> tuple[float, list[float]]:
    """Post on every connection one request after the other until the time is over; (seconds, milliseconds of each).

    Raises `RuntimeError` for any answer but 202.
    """
    selector = selectors.DefaultSelector()
    began = time.perf_counter()
    sent_at: dict[socket.socket, float] = {}
    took: list[float] = []
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        _send(connection, requests, sent_at)
    while sent_at:
        for key, _ in selector.select():
            answering = key.fileobj
            assert isinstance(answering, socket.socket)
            _check(answering)
            now = time.perf_counter()
            took.append((now - sent_at.pop(answering)) * 1000)
            if now - began < seconds and requests:
                _send(answering, requests, sent_at)
            else:
                selector.unregister(answering)
                answering.close()
    return time.perf_counter() - began, took


def _send(connection: socket.socket, requests: list[bytes], sent_at: dict[socket.socket, float]) -> None:
    sent_at[connection] = time.perf_counter()
    connection.sendall(requests.pop())


def _check(connection: socket.socket) -> None:
    """Read one whole answer."""
    answer = b""
    while True:
        answer += (more := connection.recv(65536))
        head, found, body = answer.partition(b"\r\n\r\n")
        if not more or (found and len(body) >= _length(head)):
            break
    if not answer.startswith(b"HTTP/1.1 202"):
        raise RuntimeError(f"not taken in: {answer[:300]!r}")


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)


if __name__ == "__main__":
    port, seconds, first = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    prepared = [signed(number) for number in range(first + round(seconds * MOST_PER_SECOND), first, -1)]
    elapsed, milliseconds = post(port, prepared, seconds)
    print(json.dumps({"seconds": elapsed, "milliseconds": milliseconds}))
