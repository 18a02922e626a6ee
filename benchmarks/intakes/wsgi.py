"""A bare WSGI application: compare the signature and insert the row that our hook inserts, by psycopg. No framework."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg

from benchmarks.load import MERCHANT, SECRET

INSERT = """
    INSERT INTO integrations_inboundmessage (merchant_id, source, topic, key, body, received_at, state, attempts, note, waits_for,
        reference, error)
    VALUES (%s, 'shopify', %s, %s, %s, %s, 'received', 0, '', '', '', '') ON CONFLICT (merchant_id, source, key) DO NOTHING
"""
_kept = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer 202 once the row is committed, 401 for a wrong signature."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    expected = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    if not hmac.compare_digest(environ["HTTP_X_SHOPIFY_HMAC_SHA256"], expected):
        start_response("401 Unauthorized", [("Content-Length", "0")])
        return [b""]
    orjson.loads(body)
    topic, key = environ["HTTP_X_SHOPIFY_TOPIC"], environ["HTTP_X_SHOPIFY_WEBHOOK_ID"]
    _connection().execute(INSERT, [MERCHANT, topic, key, body, datetime.now(UTC)])
    answer = b'{"status": "accepted"}'
    start_response("202 Accepted", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]


def _connection() -> psycopg.Connection[Any]:
    """This thread's own."""
    if not hasattr(_kept, "connection"):
        _kept.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    connection: psycopg.Connection[Any] = _kept.connection
    return connection
