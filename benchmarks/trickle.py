"""Many merchants with one due event each: how long until the last is delivered. One after the other they would take 20 s."""

from __future__ import annotations

from statistics import median

from benchmarks.databases import Server
from benchmarks.delivery import ENGINE, Bench, Case
from benchmarks.report import Section, Verdict, say, spread

MERCHANTS = 200


def measured(server: Server, runs: int) -> Section:
    """One worker, a stub that answers after 100 ms."""
    with Bench(server, merchants=MERCHANTS, events=MERCHANTS, each=1) as bench:
        found = [bench.run(Case(ENGINE, 1, 0.1)) for _ in range(runs)]
    seconds = [each.seconds for each in found]
    cpu = [each.cpu * each.events / 1000 for each in found]
    say(f"trickle: {spread(seconds, 2)} s")
    return Section(
        title="Trickle",
        notes=f"{MERCHANTS} merchants have one due event each, an answer takes 100 ms, one worker.",
        head=("seconds until all are delivered", "CPU seconds, database included"),
        rows=[[spread(seconds, 2), spread(cpu, 2)]],
        verdicts=[Verdict("all are delivered within 3 s", median(seconds), most=3, unit="s")],
    )
