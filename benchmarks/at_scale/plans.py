"""The plans of the statements that are made all the time: `python -m benchmarks.at_scale.plans FIRST SHOPPER`.

PostgreSQL's auto_explain tells them, of the very statements that the product makes, with their own parameters. Loading it
needs a superuser.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import django

django.setup()

from django.db import connection  # noqa: E402
from psycopg.errors import Diagnostic  # noqa: E402

from benchmarks.at_scale.asking import pages, post, staff  # noqa: E402
from benchmarks.load import MERCHANT  # noqa: E402
from integrations import inbound  # noqa: E402
from integrations.delivery.engine import Engine  # noqa: E402

SECONDS = 60
BULK = 3_000
SETTINGS = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_analyze = on",
    "SET auto_explain.log_buffers = on",
    "SET auto_explain.log_level = notice",
)
_PLAN = re.compile(r"duration: ([0-9.]+) ms\s+plan:\s*Query Text: (.*?)\n(\S.*\(cost=.*)", re.DOTALL)
_KIND = re.compile(r"\s*(SELECT|UPDATE|INSERT|DELETE|WITH)")
_TABLE = re.compile(r'(?:FROM|UPDATE|INTO) "?((?:integrations|tracking)_\w+)"?')


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement as it was executed. `step` is what was being done, `kind` its verb and table."""

    step: str
    kind: str
    milliseconds: float
    statement: str
    plan: str


def collected(first: int, shopper: int) -> list[Plan]:
    """Take in, handle and deliver an order, deliver a backlog in bulk, look at the lists; the plan of every statement."""
    staff_client = staff()
    notices: list[str] = []
    with connection.cursor() as cursor:
        for setting in SETTINGS:
            cursor.execute(setting)

    def note(diagnostic: Diagnostic) -> None:
        notices.append(diagnostic.message_primary or "")

    connection.connection.add_notice_handler(note)
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
        plans += [plan for notice in notices if (plan := _plan(step, notice))]
    return [plan for plan in plans if plan.step != "line up a backlog"]


def line_up() -> None:
    """Let the newest events of the largest merchant wait again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE integrations_delivery SET state = 'pending', settled_at = NULL, attempts = 0, first_attempt_at = NULL"
            " WHERE id IN (SELECT id FROM integrations_delivery WHERE merchant_id = %s ORDER BY id DESC LIMIT %s)",
            [MERCHANT, BULK],
        )


def _plan(step: str, notice: str) -> Plan | None:
    """None for what is no statement on a table of ours, such as the check of a foreign key."""
    found = _PLAN.search(notice)
    kind, target = (_KIND.match(found[2]), _TABLE.search(found[2])) if found else (None, None)
    if not found or not kind or not target:
        return None
    return Plan(step, f"{kind[1]} {target[1]}", float(found[1]), found[2], found[3])


if __name__ == "__main__":
    print(json.dumps([asdict(plan) for plan in collected(int(sys.argv[1]), int(sys.argv[2]))]))
