"""Plans of statements as they are executed: PostgreSQL's auto_explain tells them. Loading it needs a superuser."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import connection
from psycopg.errors import Diagnostic

SETTINGS = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_analyze = on",
    "SET auto_explain.log_buffers = on",
    "SET auto_explain.log_level = notice",
)
_PLAN = re.compile(r"duration: ([0-9.]+) ms\s+plan:\s*Query Text: (.*?)\n(\S.*\(cost=.*)", re.DOTALL)
_KIND = re.compile(r"\s*(SELECT|UPDATE|INSERT|DELETE|WITH)")
_TABLE = re.compile(r'(?:FROM|UPDATE|INTO) "?((?:integrations|lifecycle|loyalty|returns|tracking)_\w+)"?')


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement as it was executed. `step` is what was being done, `kind` its verb and table."""

    step: str
    kind: str
    milliseconds: float
    statement: str
    plan: str


def listen() -> list[str]:
    """From now on, what is told of each statement of Django's connection is added to this list."""
    notices: list[str] = []
    with connection.cursor() as cursor:
        for setting in SETTINGS:
            cursor.execute(setting)

    def note(diagnostic: Diagnostic) -> None:
        notices.append(diagnostic.message_primary or "")

    connection.connection.add_notice_handler(note)
    return notices


def plan_of(step: str, notice: str) -> Plan | None:
    """None for what is no statement on a table of ours, such as the check of a foreign key."""
    found = _PLAN.search(notice)
    kind, target = (_KIND.match(found[2]), _TABLE.search(found[2])) if found else (None, None)
    if not found or not kind or not target:
        return None
    return Plan(step, f"{kind[1]} {target[1]}", float(found[1]), found[2], found[3])
