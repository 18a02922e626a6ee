"""FastAPI and asyncpg, handling in the request by four statements: the message, the customer, the order, three events."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response

from benchmarks.load import MERCHANT, SECRET

CONNECTIONS = 4
MESSAGE = """
    INSERT INTO integrations_inboundmessage (merchant_id, source, topic, key, body, received_at, state, attempts, note, waits_for,
        reference, error, handled_at)
    VALUES ($1, 'shopify', $2, $3, $4, $5, 'handled', 1, '', '', $6, '', $5)
    ON CONFLICT (merchant_id, source, key) DO NOTHING RETURNING id
"""
CUSTOMER = """
    INSERT INTO integrations_customer (merchant_id, email, phone, first_name, last_name, company, consent, status, created_at)
    VALUES ($1, $2, '', $3, $4, '', '{}', 'active', $5)
    ON CONFLICT (merchant_id, email) WHERE email <> '' DO UPDATE SET first_name = excluded.first_name RETURNING id
"""
ORDER = """
    INSERT INTO tracking_order (merchant_id, external_id, number, customer_id, currency, total, is_test, status_url,
        destination_country, placed_at, source_updated_at, cancel_reason, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6, false, '', 'US', $7, $7, '', $8)
    ON CONFLICT (merchant_id, external_id) DO UPDATE SET source_updated_at = excluded.source_updated_at RETURNING id
"""
EVENTS = """
    INSERT INTO integrations_event (merchant_id, metric, metric_name, customer_id, unique_id, subject, order_number,
        tracking_number, occurred_at, recorded_at, value_currency, properties)
    SELECT $1, metric, metric, $2, $3 || metric, $3, $4, '', $5, $6, '', $7
    FROM unnest(ARRAY['placed', 'processing', 'status']) AS metric
    ON CONFLICT (merchant_id, metric, unique_id) DO NOTHING
"""


@asynccontextmanager
async def pool(app: FastAPI) -> AsyncIterator[None]:
    """As many connections in each process as ours has threads."""
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=CONNECTIONS, max_size=CONNECTIONS) as made:
        app.state.pool = made
        yield


app = FastAPI(lifespan=pool)


@app.post("/hooks/{merchant}/shopify/")
async def hook(request: Request) -> Response:
    """Verify, and write everything in one transaction."""
    body = await request.body()
    expected = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    if not hmac.compare_digest(request.headers["x-shopify-hmac-sha256"], expected):
        return Response(status_code=401)
    order = orjson.loads(body)
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await _write(connection, body, order, request.headers)
    return Response(b'{"status": "accepted"}', status_code=202, media_type="application/json")


async def _write(connection: Any, body: bytes, order: dict[str, Any], headers: Any) -> None:
    now, placed = datetime.now(UTC), datetime.fromisoformat(order["created_at"])
    topic, key = headers["x-shopify-topic"], headers["x-shopify-webhook-id"]
    if await connection.fetchval(MESSAGE, MERCHANT, topic, key, body, now, order["name"]) is None:
        return
    person = order["customer"]
    customer = await connection.fetchval(
        CUSTOMER, MERCHANT, order["email"], person["first_name"], person["last_name"], now
    )
    await connection.fetchval(
        ORDER,
        MERCHANT,
        str(order["id"]),
        order["name"],
        customer,
        order["currency"],
        Decimal(order["total_price"]),
        placed,
        now,
    )
    properties = orjson.dumps({"OrderNumber": order["name"], "Items": order["line_items"]}).decode()
    await connection.execute(EVENTS, MERCHANT, customer, f"order:{order['id']}", order["name"], placed, now, properties)
