"""History written: ours, as webhooks come and in bulk, beside the ORM row by row and psycopg's executemany."""

from __future__ import annotations

from statistics import median

from benchmarks.databases import Server
from benchmarks.delivery import run
from benchmarks.environment import environment
from benchmarks.processes import Figures, measure
from benchmarks.report import Section, Verdict, say, spread

MOST = 20_000
EVENTS = {"webhooks": 1_000, "announce": MOST, "save": 1_000, "executemany": MOST}
WAYS = {
    "webhooks": "Tidings, an order in each transaction",
    "announce": "Tidings, 1,000 facts in each transaction",
    "save": "ORM, save() row by row",
    "executemany": "psycopg executemany, 1,000 in each transaction",
}


def measured(server: Server, runs: int) -> Section:
    """Every way `runs` times, in turn."""
    found: dict[str, list[Figures]] = {way: [] for way in WAYS}
    with server.made("history") as template:
        run(server, template, "benchmarks.filling", "orders", str(MOST))
        for number in range(1, runs + 1):
            for way, count in EVENTS.items():
                with server.copied(template) as database:
                    env = environment(server.url_of(database))
                    command = ["benchmarks.ways.history", way, str(count)]
                    found[way].append(figures := measure([command], env, server, database, events=count))
                say(f"history {number}/{runs}: {WAYS[way]}: {figures.rate:,.0f}/s, CPU {figures.cpu:.3f}")
    rate = {way: median(each.rate for each in runs) for way, runs in found.items()}
    return Section(
        title="History written",
        notes=(
            "Events per second, each written with its delivery: two rows. The first way also reads and writes the order, its "
            "lines and its customer, of which it makes two events. CPU is seconds per 1,000 events."
        ),
        head=("way", "events/s", "Python CPU", "PostgreSQL CPU", "peak MB"),
        rows=[
            [
                WAYS[way],
                spread([each.rate for each in runs]),
                spread([each.client_cpu for each in runs], 3),
                spread([each.database_cpu for each in runs], 3),
                f"{max(each.memory for each in runs):.0f}",
            ]
            for way, runs in found.items()
        ],
        verdicts=[
            Verdict("in bulk: beside executemany", rate["announce"] / rate["executemany"]),
            Verdict("in bulk: beside save()", rate["announce"] / rate["save"]),
        ],
    )
