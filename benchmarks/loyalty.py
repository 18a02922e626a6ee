"""A night in which one of a hundred lots runs out, beside a loop over the members; the proof of the ledger; orders that earn."""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from benchmarks.databases import Server
from benchmarks.delivery import run
from benchmarks.environment import ROOT, environment
from benchmarks.processes import Figures, measure
from benchmarks.report import Section, Verdict, say, spread

LOTS, DUE, LOOPED, ORDERS = 1_000_000, 10_000, 1_000, 500
POINTS = 98
"""What each of the orders earns."""

WAYS = {
    "night": ("Tidings: the night", DUE),
    "loop": (f"a loop that locks, changes and saves one member after the other, over {LOOPED:,} of them", LOOPED),
    "verify": ("`verify_ledger` over all lots", LOTS),
    "orders": (f"{ORDERS:,} paid orders, each in a transaction, that earn points", ORDERS),
    "without": ("the same without a programme", ORDERS),
}
ONE_BY_ONE = ("loop", "orders", "without")
FEW = 100
"""So many members or orders are counted where they are taken one by one."""


def measured(server: Server, runs: int) -> Section:
    """Every way `runs` times in turn, each on a fresh copy; the loop once, over a part, for it takes minutes."""
    found: dict[str, list[Figures]] = {way: [] for way in WAYS}
    with server.made("loyalty") as template:
        run(server, template, "benchmarks.filling_loyalty", str(LOTS), str(DUE))
        for way in [*(each for each in WAYS if each != "loop")] * runs + ["loop"]:
            name, events = WAYS[way]
            with server.copied(template) as database:
                env = environment(server.url_of(database))
                found[way].append(
                    figures := measure(
                        [["benchmarks.ways.loyalty", way, str(events)]], env, server, database, events=events
                    )
                )
            say(f"loyalty {len(found[way])}: {name}: {figures.seconds:.2f} s")
        statements = {way: _statements(server, template, way) for way in WAYS}
    seconds = {way: median(each.seconds for each in figures) for way, figures in found.items()}
    return Section(
        title="A night of points",
        notes=(
            f"{LOTS:,} lots of {LOTS // 4:,} members of ten merchants, each from an order of its own; {DUE:,} of as many members "
            "run out tonight: each gets its entry, its allocation, its event and its delivery. The loop writes the same rows."
        ),
        head=("way", "seconds", "statements", "Python CPU s", "PostgreSQL CPU s", "peak MB"),
        rows=[
            [
                WAYS[way][0],
                spread([each.seconds for each in figures], 2),
                statements[way],
                spread([each.client_cpu * each.events / 1000 for each in figures], 2),
                spread([each.database_cpu * each.events / 1000 for each in figures], 2),
                f"{max(each.memory for each in figures):.0f}",
            ]
            for way, figures in found.items()
        ],
        verdicts=[
            Verdict("the night takes at most 60 s", seconds["night"], most=60, unit="s"),
            Verdict("beside the loop over all of them", seconds["loop"] * DUE / LOOPED / seconds["night"]),
            Verdict("orders that earn, beside orders without a programme", seconds["orders"] / seconds["without"]),
            Verdict(
                "points in a second, order by order", POINTS * ORDERS / seconds["orders"], unit="points/s", digits=0
            ),
        ],
    )


def _statements(server: Server, template: str, way: str) -> str:
    with server.copied(template) as database:
        told = subprocess.run(
            [sys.executable, "-m", "benchmarks.ways.loyalty", "count", way, str(FEW)],
            cwd=ROOT,
            env=environment(server.url_of(database)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    counted = int(told.stdout)
    return f"{counted / FEW:.0f} each" if way in ONE_BY_ONE else f"{counted:,}"
