"""A client of the REST API, and rows for it to find."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.utils import timezone

from integrations import tokens
from integrations.models import Connection, Delivery, Event, Lane, Merchant

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)


class Rest:
    """Calls addresses under /api/v1/ with one token. Answers are those of Django's test client."""

    def __init__(self, token: str, **headers: str) -> None:
        self.token = token
        self._headers = {"Authorization": f"Bearer {token}", **headers}
        self._client = Client(raise_request_exception=False)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
        """GET with query parameters; those that are None are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._client.get(f"/api/v1/{path}", given, headers={**self._headers, **(headers or {})})

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Any other method, with a body of JSON or, if it is bytes, as it is."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self._client.generic(
            method, f"/api/v1/{path}", raw, "application/json", headers={**self._headers, **(headers or {})}
        )

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST; headers are given as names with underscores."""
        return self.send("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})


def logged(statements: int) -> int:
    """How many of a request's statements Django's log shows: PostgreSQL has the one prepared that counts the request."""
    return statements - (connection.vendor == "postgresql")


def rest(merchant: Merchant, scopes: Iterable[str] = tokens.SCOPES) -> Rest:
    """A client with a new token of the merchant."""
    return Rest(tokens.create(merchant, "warehouse", list(scopes), at=timezone.now())[1])


def merchant(name: str = "Alba") -> Merchant:
    """A merchant with a connection that is launched."""
    made = Merchant.objects.create(name=name)
    account = Connection.objects.create(
        merchant=made, account_id=name, launch_at=AT - timedelta(days=90), launched_at=AT - timedelta(days=90)
    )
    Lane.objects.create(merchant=made, connection=account)
    return made


def events(of: Merchant, times: Sequence[datetime], **values: Any) -> list[Event]:
    """Events at these times, in the order of their recording."""
    first = Event.objects.for_merchant(of).count()
    return Event.objects.bulk_create(
        Event(
            **{
                "merchant": of,
                "metric": "shipment_created",
                "metric_name": "ShipmentCreated",
                "unique_id": f"shipment:{number}",
                "subject": f"order:{number}",
                "order_number": f"#{number}",
                "occurred_at": at,
                "recorded_at": at,
                "properties": {"Number": number},
                **values,
            }
        )
        for number, at in enumerate(times, start=first)
    )


def delivery(of: Event, state: str, **values: Any) -> Delivery:
    """An event's way to its merchant's connection."""
    return Delivery.objects.create(
        **{
            "merchant": of.merchant,
            "event": of,
            "connection": of.merchant.connections.get(),
            "state": state,
            "not_before": AT,
            "window_at": AT,
            "created_at": AT,
            "identifier": "ada@example.com",
            **values,
        }
    )
