"""Finding what stalled among a million parcels: our sweep, beside a job that looks at everything open."""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from benchmarks.databases import Server
from benchmarks.delivery import run
from benchmarks.environment import ROOT, environment
from benchmarks.processes import Figures, measure
from benchmarks.report import Section, Verdict, say, spread

PARCELS, DUE = 1_000_000, 1_000
WAYS = {"sweep": "Tidings: a sweep", "look": "a job that looks at every open parcel"}


def measured(server: Server, runs: int) -> Section:
    """The sweep `runs` times, the job once, for it takes a minute; what a run found is due again in the next."""
    found: dict[str, list[Figures]] = {way: [] for way in WAYS}
    with server.made("stalled") as database:
        run(server, database, "benchmarks.filling", "stalled", str(PARCELS), str(DUE))
        env = environment(server.url_of(database))
        for way in ["sweep"] * runs + ["look"]:
            command = ["benchmarks.ways.stalled", way]
            found[way].append(figures := measure([command], env, server, database, events=DUE))
            say(f"stalled {len(found[way])}: {WAYS[way]}: {figures.seconds:.2f} s")
        plan = subprocess.run(
            [sys.executable, "-m", "benchmarks.ways.stalled", "plan"],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    seconds = {way: median(each.seconds for each in figures) for way, figures in found.items()}
    return Section(
        title="What stalled",
        notes=(
            f"{PARCELS:,} parcels of 100 merchants, half of them open, {DUE:,} of which are due: each gets its issue and its "
            "event with a delivery. The job beside it works out every open parcel's deadline by the same function and writes "
            "nothing."
        ),
        head=("way", "seconds", "Python CPU s", "PostgreSQL CPU s", "peak MB"),
        rows=[
            [
                WAYS[way],
                spread([each.seconds for each in figures], 2),
                spread([each.client_cpu * DUE / 1000 for each in figures], 2),
                spread([each.database_cpu * DUE / 1000 for each in figures], 2),
                f"{max(each.memory for each in figures):.0f}",
            ]
            for way, figures in found.items()
        ],
        verdicts=[
            Verdict("a sweep with 1,000 due takes at most 1 s", seconds["sweep"], most=1, unit="s"),
            Verdict("beside the job that looks at everything", seconds["look"] / seconds["sweep"]),
        ],
        more=f"The statement that finds a batch:\n\n```\n{plan.stdout.strip()}\n```",
    )
