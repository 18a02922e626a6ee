"""Pages of a hundred events: ours, bare WSGI applications, and Django REST framework, over the same lists."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.apis import BARE, OURS, REST, WRITTEN
from benchmarks.apis.asking import CONNECTIONS
from benchmarks.apis.lab import COMMANDS, Lab, asked
from benchmarks.machine import cpu_of_family
from benchmarks.report import Section, Verdict, say, spread

SECONDS, WARM_UP = 4.0, 1.5
OF_BARE, OF_REST, P99_MS, DEEPER = 0.6, 3.0, 60.0, 1.2


@dataclass(frozen=True, slots=True)
class Answered:
    """One run: requests per second, milliseconds that 50 % and 99 % took at most, CPU s per 1,000 requests, KB of a body."""

    rate: float
    p50: float
    p99: float
    server_cpu: float
    database_cpu: float
    size: float


def measured(lab: Lab, runs: int) -> Section:
    """Every list by every way `runs` times, in turn."""
    found: dict[tuple[str, str], list[Answered]] = {(name, way): [] for name in lab.lists for way in COMMANDS}
    for number in range(1, runs + 1):
        for way in COMMANDS:
            for name, answered in ask(lab, way).items():
                found[name, way].append(answered)
                say(f"pages {number}/{runs}: {name}, {way}: {answered.rate:,.0f}/s, p99 {answered.p99:.0f} ms")
    return section(found)


def ask(lab: Lab, way: str) -> dict[str, Answered]:
    """Start the server, and load it with one list after the other."""
    found = {}
    with lab.serving(way) as (process, port):
        for name, ways in lab.lists.items():
            headers = json.dumps(lab.headers if way == OURS else {})
            asked(lab.server, lab.database, "asking", port, WARM_UP, headers, lines=ways[way])
            cpu, backends = cpu_of_family(process.pid), lab.server.cpu(lab.database)
            took = asked(lab.server, lab.database, "asking", port, SECONDS, headers, lines=ways[way])
            cpu, backends = cpu_of_family(process.pid) - cpu, lab.server.cpu(lab.database) - backends
            count, cuts = len(took["milliseconds"]), quantiles(took["milliseconds"], n=100)
            found[name] = Answered(
                rate=count / took["seconds"],
                p50=cuts[49],
                p99=cuts[98],
                server_cpu=cpu / count * 1000,
                database_cpu=backends / count * 1000,
                size=took["bytes"] / 1024,
            )
    return found


def section(found: dict[tuple[str, str], list[Answered]]) -> Section:
    """The table and the verdicts."""
    rate = {case: median(each.rate for each in runs) for case, runs in found.items()}
    p50 = {case: median(each.p50 for each in runs) for case, runs in found.items()}
    lists = list(dict.fromkeys(name for name, _ in found))
    first, deep = lists[-2:]
    return Section(
        title="Pages of the history",
        notes=(
            f"A hundred events of the largest merchant, over {CONNECTIONS} connections for {SECONDS:.0f} s; 2 server processes "
            "with 4 threads each. The client runs on the same machine. CPU is seconds per 1,000 requests."
        ),
        head=("list", "way", "requests/s", "p50 ms", "p99 ms", "server CPU", "PostgreSQL CPU", "KB"),
        rows=[
            [
                *case,
                spread([each.rate for each in runs]),
                spread([each.p50 for each in runs], 1),
                spread([each.p99 for each in runs], 1),
                spread([each.server_cpu for each in runs], 2),
                spread([each.database_cpu for each in runs], 2),
                f"{runs[0].size:.0f}",
            ]
            for case, runs in found.items()
        ],
        verdicts=[
            *(
                verdict
                for name in lists
                for verdict in (
                    Verdict(f"{name}: at least 0.6 of {BARE}", rate[name, OURS] / rate[name, BARE], least=OF_BARE),
                    Verdict(f"{name}: beside {WRITTEN}", rate[name, OURS] / rate[name, WRITTEN]),
                    Verdict(f"{name}: at least 3 times {REST}", rate[name, OURS] / rate[name, REST], least=OF_REST),
                    Verdict(
                        f"{name}: 99 % are answered within 60 ms",
                        median(each.p99 for each in found[name, OURS]),
                        most=P99_MS,
                        unit="ms",
                        digits=0,
                    ),
                )
            ),
            Verdict(f"{deep}: p50 at most 1.2 times that of {first}", p50[deep, OURS] / p50[first, OURS], most=DEEPER),
        ],
    )
