"""The plans of the statements that are made all the time: `python -m benchmarks.at_scale.plans FIRST SHOPPER`.

They are those of the very statements that the product makes, with their own parameters.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import django

django.setup()

from django.db import connection  # noqa: E402

from benchmarks.at_scale.asking import pages, post, staff  # noqa: E402
from benchmarks.explaining import Plan, listen, plan_of  # noqa: E402
from benchmarks.load import MERCHANT  # noqa: E402
from integrations import inbound  # noqa: E402
from integrations.delivery.engine import Engine  # noqa: E402

SECONDS = 60
BULK = 3_000


def collected(first: int, shopper: int) -> list[Plan]:
    """Take in, handle and deliver an order, deliver a backlog in bulk, look at the lists; the plan of every statement."""
    staff_client = staff()
    notices = listen()
    steps: dict[str, Callable[[], object]] = {
        "hook": lambda: post(first),
        "handle": lambda: inbound.handle_due(seconds=SECONDS),
        "deliver singly": lambda: Engine().run(seconds=SECONDS),
        "line up a backlog": line_up,
        "deliver in bulk": lambda: Engine().run(seconds=SECONDS),
        **{f"admin: {name}": partial(staff_client.get, path) for name, path in pages(shopper).items()},
    }
    plans: list[Plan] = []
    for step, do in steps.items():
        notices.clear()
        do()
        plans += [plan for notice in notices if (plan := plan_of(step, notice))]
    return [plan for plan in plans if plan.step != "line up a backlog"]


def line_up() -> None:
    """Let the newest events of the largest merchant wait again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE integrations_delivery SET state = 'pending', settled_at = NULL, attempts = 0, first_attempt_at = NULL"
            " WHERE id IN (SELECT id FROM integrations_delivery WHERE merchant_id = %s ORDER BY id DESC LIMIT %s)",
            [MERCHANT, BULK],
        )


if __name__ == "__main__":
    print(json.dumps([asdict(plan) for plan in collected(int(sys.argv[1]), int(sys.argv[2]))]))
