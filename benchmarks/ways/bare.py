"""The limit: psycopg, orjson and urllib3 in a loop, with the same claim on the same tables, and nothing around them.

A claim is committed before the request and settled after it, as ours; but there is no lease, no order, no check, no pace, no
judging of the answer, and the shopper's current profile properties are not read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import orjson
import psycopg
import urllib3
from psycopg.rows import DictRow

from benchmarks.environment import KEY
from benchmarks.processes import take_part
from benchmarks.ways.events import COLUMNS, attributes, connect, profile

BATCH = 1000
CLAIM = f"""
    WITH due AS (
        SELECT id FROM integrations_delivery
        WHERE connection_id = %s AND state = 'pending' AND not_before <= now()
        ORDER BY not_before, id LIMIT {BATCH} FOR UPDATE SKIP LOCKED
    )
    UPDATE integrations_delivery d
    SET state = 'sending', claim = 1, attempts = d.attempts + 1, first_attempt_at = coalesce(d.first_attempt_at, now())
    FROM due, integrations_event e LEFT JOIN integrations_customer c ON c.id = e.customer_id
    WHERE d.id = due.id AND e.id = d.event_id
    RETURNING {COLUMNS}
"""
SETTLE = """
    WITH attempt AS (
        INSERT INTO integrations_deliveryattempt (merchant_id, connection_id, started_at, duration_ms, status, is_bulk,
            events, outcome, error, request_id, partial_failure)
        SELECT merchant_id, id, now(), 0, %s, true, %s, 'accepted', '', '', '' FROM integrations_connection WHERE id = %s
        RETURNING id
    )
    UPDATE integrations_delivery SET state = 'sent', settled_at = now(), bulk_attempt_id = attempt.id
    FROM attempt WHERE integrations_delivery.id = ANY(%s) AND state = 'sending' AND claim = 1
"""


def deliver(connection: psycopg.Connection[DictRow], http: urllib3.PoolManager, url: str) -> int:
    """Send everything, one merchant after the other; returns how many events."""
    total = 0
    accounts = [row["id"] for row in connection.execute("SELECT id FROM integrations_connection ORDER BY id")]
    connection.commit()
    while accounts:
        account = accounts.pop(0)
        rows = connection.execute(CLAIM, [account]).fetchall()
        connection.commit()
        if not rows:
            continue
        answer = http.request("POST", f"{url}/api/event-bulk-create-jobs", body=document(rows), headers=HEADERS)
        connection.execute(SETTLE, [answer.status, len(rows), account, [row["id"] for row in rows]])
        connection.commit()
        accounts.append(account)
        total += len(rows)
    return total


def document(rows: Sequence[DictRow]) -> bytes:
    """The bulk request, grouped by shopper."""
    groups: dict[str, list[DictRow]] = {}
    for row in rows:
        groups.setdefault(row["identifier"], []).append(row)
    entries = [
        {
            "type": "event-bulk-create",
            "attributes": {
                "profile": profile(group[-1]),
                "events": {
                    "data": [
                        {"type": "event", "attributes": attributes(row, orjson.Fragment(row["properties"]))}
                        for row in group
                    ]
                },
            },
        }
        for group in groups.values()
    ]
    return orjson.dumps(
        {
            "data": {
                "type": "event-bulk-create-job",
                "attributes": {"events-bulk-create": {"data": entries}},
            }
        }
    )


HEADERS = {
    "Authorization": f"Klaviyo-API-Key {KEY}",
    "Content-Type": "application/vnd.api+json",
    "revision": "2026-07-15",
}

if __name__ == "__main__":
    with connect(os.environ["DATABASE_URL"]) as database:
        take_part(lambda: deliver(database, urllib3.PoolManager(), os.environ["KLAVIYO_BASE_URL"]))
