"""What other settings would have flagged, seen before they are saved: our preview, beside judging everything in Python."""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from benchmarks.databases import Server
from benchmarks.delivery import run
from benchmarks.environment import ROOT, environment
from benchmarks.processes import Figures, measure
from benchmarks.report import Section, Verdict, say, spread

PERIODS = (30, 60, 90)
PARCELS = 102_000
"""Orders of each merchant, of which 100,000 have left."""

LONGEST = max(PERIODS)
WAYS = {
    **{("preview", days): f"Tidings: a preview of {days} days" for days in PERIODS},
    ("judge", LONGEST): f"every order and parcel of {LONGEST} days judged in Python",
}


def measured(server: Server, runs: int) -> Section:
    """Every way `runs` times in turn. Both find exactly as many."""
    found: dict[tuple[str, int], list[Figures]] = {way: [] for way in WAYS}
    with server.made("preview") as database:
        run(server, database, "benchmarks.filling", "preview", str(PARCELS))
        env = environment(server.url_of(database))
        facts = {days: _facts(env, days) for days in PERIODS}
        for way in [*WAYS] * runs:
            name, days = way
            command = ["benchmarks.ways.preview", name, str(days)]
            found[way].append(figures := measure([command], env, server, database, events=facts[days][0]))
            say(f"preview {len(found[way])}: {WAYS[way]}: {figures.seconds:.2f} s")
    seconds = {way: median(each.seconds for each in figures) for way, figures in found.items()}
    return Section(
        title="What other settings would have flagged",
        notes=(
            "100,000 parcels of one merchant in 90 days, 4 to 8 scans of each, beside 200,000 of two others; every twentieth "
            f"stood still for over 72 hours. {facts[LONGEST][0]:,} orders and parcels are flagged in {LONGEST} days. "
            f"A preview takes {facts[LONGEST][1]} statements. Beside it everything is read and judged by the same functions, "
            "without any histogram."
        ),
        head=("way", "seconds", "Python CPU s", "PostgreSQL CPU s", "peak MB"),
        rows=[
            [
                WAYS[way],
                spread([each.seconds for each in figures], 2),
                spread([each.client_cpu * each.events / 1000 for each in figures], 2),
                spread([each.database_cpu * each.events / 1000 for each in figures], 2),
                f"{max(each.memory for each in figures):.0f}",
            ]
            for way, figures in found.items()
        ],
        verdicts=[
            *(
                Verdict(f"a preview of {days} days takes at most 1 s", seconds["preview", days], most=1, unit="s")
                for days in PERIODS
            ),
            Verdict("beside judging everything", seconds["judge", LONGEST] / seconds["preview", LONGEST]),
        ],
    )


def _facts(env: dict[str, str], days: int) -> tuple[int, int]:
    """How many so many days flag, and in how many statements."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.ways.preview", "facts", str(days)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    flagged, statements = told.stdout.split()
    return int(flagged), int(statements)
