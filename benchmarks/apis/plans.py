"""How the database finds each list of the API: `python -m benchmarks.apis.plans TOKEN` prints the plans.

Each list is asked for several times, so that the plan is the one that prepared statements end up with.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import django

django.setup()

from django.test import Client  # noqa: E402

from benchmarks.explaining import Plan, listen, plan_of  # noqa: E402
from benchmarks.load import MERCHANT  # noqa: E402
from integrations.api.event_rows import STATES  # noqa: E402
from integrations.models import Event  # noqa: E402

TIMES = 8
"""PostgreSQL decides after five whether it plans a prepared statement anew each time."""


def lists() -> dict[str, str]:
    """What is asked for: its name and its address."""
    mine = Event.objects.for_merchant(MERCHANT).order_by("-occurred_at")
    middle = mine[mine.count() // 10]
    hour = timedelta(hours=1)
    stretch = {"after": middle.occurred_at - hour, "before": middle.occurred_at + hour}
    numbers = {"order_number": middle.order_number, "tracking_number": middle.tracking_number}
    email = {"email": f"shopper-{middle.customer_id}@mail.example"}
    events: dict[str, dict[str, Any]] = {
        "all": {},
        "metric": {"metric": middle.metric},
        "metric, none of which is there": {"metric": "order_delivered"},
        "metric and time": {"metric": middle.metric, **_times("occurred", stretch)},
        "pack, none of which is there": {"pack": "order_status"},
        "pack": {"pack": "order_tracking"},
        "customer_id": {"customer_id": middle.customer_id},
        "email": email,
        **{name: {name: value} for name, value in numbers.items()},
        "occurred in two hours": _times("occurred", stretch),
        "recorded in two hours": _times("recorded", stretch),
        "metric, recorded in two hours": {"metric": middle.metric, **_times("recorded", stretch)},
        **{f"state {state}": {"state": state} for state in STATES},
        "state failed and metric": {"state": "failed", "metric": middle.metric},
        "followed": {"after": "start"},
        "followed, metric": {"after": "start", "metric": middle.metric},
    }
    orders: dict[str, dict[str, Any]] = {
        "all": {},
        "placed in two hours": _times("placed", stretch),
        "number": {"number": middle.order_number},
        "status": {"status": "shipped"},
        "status, none of which is there": {"status": "cancelled"},
        "customer_id": {"customer_id": middle.customer_id},
        "email": email,
    }
    shipments: dict[str, dict[str, Any]] = {
        "all": {},
        "shipped in two hours": _times("shipped", stretch),
        "order_external_id": {"order_external_id": f"8209829{middle.customer_id}"},
        **{name: {name: value} for name, value in numbers.items()},
        "status": {"status": "in_transit"},
        "status, none of which is there": {"status": "failure"},
    }
    customers: dict[str, dict[str, Any]] = {"all": {}, "email": email}
    found = {"events": events, "orders": orders, "shipments": shipments, "customers": customers}
    return {
        f"{name}: {what}": f"/api/v1/{name}?{urlencode(query)}"
        for name, queries in found.items()
        for what, query in queries.items()
    }


def _times(name: str, stretch: dict[str, Any]) -> dict[str, str]:
    return {f"{name}_{end}": f"{at:%Y-%m-%dT%H:%M:%SZ}" for end, at in stretch.items()}


def collected(token: str) -> list[Plan]:
    """The plans of every statement of the last time. Raises `RuntimeError` for any answer but 200."""
    client, addresses = Client(), lists()
    notices = listen()
    plans: list[Plan] = []
    for name, address in addresses.items():
        for _ in range(TIMES):
            notices.clear()
            answer = client.get(address, headers={"Authorization": f"Bearer {token}"})
            if answer.status_code != 200:
                raise RuntimeError(f"{address} was answered {answer.status_code}: {answer.content[:300]!r}")
        plans += [plan for notice in notices if (plan := plan_of(name, notice))]
    return plans


if __name__ == "__main__":
    print(json.dumps([asdict(plan) for plan in collected(sys.argv[1])]))
