"""A year of a thousand merchants: is the admin still quick, is one more webhook, and how are the hot statements planned?

`python -m benchmarks.scale --keep` measures this part alone and leaves its database, which a later `--database NAME` takes up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.databases import Server
from benchmarks.delivery import run
from benchmarks.environment import ROOT, environment
from benchmarks.report import Section, Verdict, say, spread, table
from benchmarks.stub import Stub

MERCHANTS = 1_000
EVENTS = 5_000_000
EACH = 5
WEBHOOKS = 20
"""Measured one after the other in each run on each database."""

NUMBERS = 50_000_000
"""Orders that are posted are numbered from here: beyond those of the history."""

SHOWN_MS = 300
SLOWER = 1.3
HOT = (
    ("hook", "INSERT integrations_inboundmessage"),
    ("handle", "SELECT integrations_merchant"),
    ("handle", "SELECT integrations_inboundmessage"),
    ("deliver in bulk", "SELECT integrations_connection"),
    ("deliver in bulk", "SELECT integrations_delivery"),
    ("deliver in bulk", "WITH integrations_delivery"),
    ("deliver in bulk", "UPDATE integrations_delivery"),
    ("admin: events", "SELECT integrations_event"),
    ("admin: events by order number", "SELECT integrations_event"),
)
"""Statements whose plans are shown whole: what was being done, verb and table."""

SIZES = """
    SELECT c.relname, c.reltuples::bigint, pg_table_size(c.oid), pg_indexes_size(c.oid)
    FROM pg_class c
    WHERE c.relkind = 'r' AND c.relname SIMILAR TO '(integrations|lifecycle|loyalty|returns|tracking)\\_%'
      AND pg_table_size(c.oid) > 1e7
    ORDER BY pg_total_relation_size(c.oid) DESC
"""
INDEX_SIZES = """
    SELECT t.relname, i.relname, pg_relation_size(i.oid)
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    WHERE t.relname IN ('integrations_event', 'integrations_delivery') ORDER BY t.relname, pg_relation_size(i.oid) DESC
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was found: pages, milliseconds per webhook on the full and on the empty database, and plans."""

    pages: dict[str, dict[str, Any]]
    full: list[dict[str, float]]
    empty: list[dict[str, float]]
    plans: list[dict[str, Any]]


class Asking:
    """Runs the workers of `benchmarks.at_scale` on a database, against a stub that answers at once."""

    def __init__(self, server: Server, stub: Stub) -> None:
        self._server = server
        self._stub = stub

    def __call__(self, database: str, worker: str, *arguments: object) -> Any:
        """What the worker prints."""
        settings = {"DJANGO_SETTINGS_MODULE": "benchmarks.at_scale.settings", "KLAVIYO_BASE_URL": self._stub.url}
        found = subprocess.run(
            [sys.executable, "-m", f"benchmarks.at_scale.{worker}", *map(str, arguments)],
            cwd=ROOT,
            env=environment(self._server.url_of(database), **settings),
            stdout=subprocess.PIPE,
            check=True,
        )
        return json.loads(found.stdout)


def measured(server: Server, runs: int) -> Section:
    """Make the history, ask, and remove it."""
    with filled(server) as (database, seconds):
        return section(server, database, runs, seconds)


@contextmanager
def filled(server: Server, *, merchants: int = MERCHANTS, events: int = EVENTS) -> Iterator[tuple[str, float]]:
    """A database with a year of history, and the seconds that it took to make it."""
    with server.made("scale") as database:
        began = time.monotonic()
        run(server, database, "benchmarks.filling", "scale", str(merchants), str(events))
        seconds = time.monotonic() - began
        say(f"scale: {events:,} events of {merchants:,} merchants were made in {seconds:.0f} s")
        yield database, seconds


def section(server: Server, database: str, runs: int, seconds: float) -> Section:
    """Ask the full database, and an empty one beside it, and report."""
    with psycopg.connect(server.url_of(database)) as connection:
        sizes = connection.execute(SIZES).fetchall()
        indexes = connection.execute(INDEX_SIZES).fetchall()
        events = max((row[1] for row in sizes if row[0] == "integrations_event"), default=0)
    found = ask(server, database, runs, shopper=round(events / EACH / 2))
    total = [sum(each.values()) for each in found.full]
    report = Section(
        title="A year of history",
        notes=(
            f"About {events:,} events and as many deliveries; made in {seconds:.0f} s. A page's times are those of "
            "Django's test client, nothing cached. A webhook is posted, handled and delivered by one process."
        ),
        head=("page", "ms", "statements"),
        rows=[
            [name, spread(page["milliseconds"]), str(page["statements"])] for name, page in sorted(found.pages.items())
        ],
    )
    report.verdicts = _verdicts(found)
    report.more = "\n\n".join(
        (
            table(("webhook", "ms on the full database", "ms on an empty one"), _steps(found)),
            table(("table", "rows", "table", "indexes"), ([n, f"{r:,}", _mb(t), _mb(i)] for n, r, t, i in sizes)),
            table(("table", "index", "size"), ([owner, name, _mb(size)] for owner, name, size in indexes)),
            _plans(found.plans),
        )
    )
    say(f"scale: a webhook takes {median(total):.0f} ms")
    return report


def ask(server: Server, database: str, runs: int, *, shopper: int) -> Asked:
    """Pages once, webhooks `runs` times on the full and on an empty database in turn, plans last."""
    full: list[dict[str, float]] = []
    empty: list[dict[str, float]] = []
    with Stub(0.0) as stub, server.made("nothing") as nothing:
        asking = Asking(server, stub)
        run(server, nothing, "benchmarks.filling", "intake")
        pages = asking(database, "lists", shopper, max(runs, 5))
        first = NUMBERS + int(time.time()) % 1_000_000 * 100
        for number in range(runs):
            start = first + number * WEBHOOKS * 2
            full += asking(database, "webhooks", start, WEBHOOKS)
            empty += asking(nothing, "webhooks", start, WEBHOOKS)
        plans = asking(database, "plans", first + runs * WEBHOOKS * 2, shopper)
    return Asked(pages, full, empty, plans)


def _verdicts(found: Asked) -> list[Verdict]:
    ratio = median(sum(each.values()) for each in found.full) / median(sum(each.values()) for each in found.empty)
    slowest = {
        "the list of merchants is shown within 300 ms": ("merchants",),
        "a search for events within 300 ms": tuple(name for name in found.pages if name.startswith("events")),
    }
    verdicts = [
        Verdict(
            target,
            max(median(found.pages[name]["milliseconds"]) for name in names),
            most=SHOWN_MS,
            unit="ms",
            digits=0,
        )
        for target, names in slowest.items()
    ]
    return [
        *verdicts,
        Verdict("one more webhook: at most 1.3 times as slow as on an empty database", ratio, most=SLOWER),
    ]


def _steps(found: Asked) -> list[list[str]]:
    names = (*found.full[0], "all")
    columns = [
        {**{name: [each[name] for each in runs] for name in runs[0]}, "all": [sum(each.values()) for each in runs]}
        for runs in (found.full, found.empty)
    ]
    return [[name, *(spread(column[name], 1) for column in columns)] for name in names]


def _plans(plans: list[dict[str, Any]]) -> str:
    """Every kind of statement with its slowest run, then the hot ones' plans whole."""
    slowest: dict[tuple[str, str], dict[str, Any]] = {}
    for plan in plans:
        key = (plan["step"], plan["kind"])
        if key not in slowest or plan["milliseconds"] > slowest[key]["milliseconds"]:
            slowest[key] = plan
    rows = [
        [step, kind, f"{plan['milliseconds']:.1f}", ", ".join(_whole_tables(plan["plan"])) or "-"]
        for (step, kind), plan in slowest.items()
    ]
    shown = [
        f"<details><summary>{step}: {kind} ({slowest[step, kind]['milliseconds']:.1f} ms)</summary>\n\n"
        f"```\n{_short(slowest[step, kind]['plan'])}\n```\n\n</details>"
        for step, kind in HOT
        if (step, kind) in slowest
    ]
    return "\n\n".join([table(("while", "statement", "ms", "reads whole"), rows), *shown])


def _whole_tables(plan: str) -> list[str]:
    """Tables that are read from end to end."""
    words = plan.split("Seq Scan on ")[1:]
    return sorted({word.split()[0] for word in words})


def _short(plan: str) -> str:
    return "\n".join(line[:160] for line in plan.splitlines())


def _mb(size: int) -> str:
    return f"{size / 1024 / 1024:,.0f} MB"


def main() -> None:
    """Measure this part alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--merchants", type=int, default=MERCHANTS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--keep", action="store_true", help="leave the database, and say its name")
    parser.add_argument("--database", help="one that was kept before")
    options = parser.parse_args()
    server = Server.find()
    if options.database:
        print(section(server, options.database, options.runs, 0.0).markdown())
        return
    with filled(server, merchants=options.merchants, events=options.events) as (database, seconds):
        print(section(server, database, options.runs, seconds).markdown())
        if options.keep:
            kept = f"{database}_kept"
            server.do(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (database, kept))))
            print(f"kept: --database {kept}")


if __name__ == "__main__":
    main()
