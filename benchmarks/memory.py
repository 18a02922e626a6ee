"""Does a worker's memory grow with what it delivers? The same worker's peak over a short backlog and over a long one."""

from __future__ import annotations

from benchmarks.databases import Server
from benchmarks.delivery import ENGINE, EVENTS, Bench, Case
from benchmarks.report import Section, Verdict, say

MANY = 200_000
MOST_MB = 120
FLAT = 1.1


def measured(server: Server, runs: int) -> Section:
    """One worker, once each: memory hardly differs from run to run."""
    found = {}
    for events in (EVENTS, MANY):
        with Bench(server, events=events) as bench:
            found[events] = bench.run(Case(ENGINE, 1, 0.0))
        say(f"memory: {events:,} events, {found[events].memory:.0f} MB")
    return Section(
        title="Memory of a worker",
        notes="Largest resident set of one worker that delivers a backlog, against a stub that answers at once.",
        head=("events", "peak MB", "events/s"),
        rows=[[f"{events:,}", f"{each.memory:.0f}", f"{each.rate:,.0f}"] for events, each in found.items()],
        verdicts=[
            Verdict("at most 120 MB", found[MANY].memory, most=MOST_MB, unit="MB", digits=0),
            Verdict("flat over 200,000 events", found[MANY].memory / found[EVENTS].memory, most=FLAT),
        ],
    )
