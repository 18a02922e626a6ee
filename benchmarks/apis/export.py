"""The whole history of a merchant as NDJSON: what it costs the web process in memory, and how fast it comes."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass

from benchmarks.apis import OURS
from benchmarks.apis.lab import Lab, asked
from benchmarks.machine import family_of, memory_of, peak_memory_of_family
from benchmarks.report import Section, Verdict, say, spread

CHUNK = 256 * 1024
EARLY = 100_000
"""Rows after which memory is looked at for the first time."""

FLAT, MOST_MB = 1.1, 120
WARM_UP = 1.0


@dataclass(frozen=True, slots=True)
class Exported:
    """One export. Memory is that of the web process, in MB: before, after `EARLY` rows, and its largest ever."""

    rows: int
    seconds: float
    before: float
    early: float
    peak: float


def measured(lab: Lab, runs: int) -> Section:
    """As often as `runs` says, each by a server of its own."""
    found = []
    for number in range(1, runs + 1):
        found.append(each := export(lab))
        say(f"export {number}/{runs}: {each.rows:,} rows in {each.seconds:.0f} s, {each.peak:.0f} MB")
    return Section(
        title="Export",
        notes="All events of the largest merchant as NDJSON, read by one client, of one web process that had answered lists.",
        head=("rows", "rows/s", "MB before", f"MB after {EARLY:,} rows", "peak MB"),
        rows=[
            [
                f"{found[0].rows:,}",
                spread([each.rows / each.seconds for each in found]),
                spread([each.before for each in found]),
                spread([each.early for each in found]),
                spread([each.peak for each in found]),
            ]
        ],
        verdicts=[
            Verdict("memory at most 120 MB", max(each.peak for each in found), most=MOST_MB, unit="MB", digits=0),
            Verdict(
                f"peak at most 1.1 times what it was after {EARLY:,} rows",
                max(each.peak / each.early for each in found),
                most=FLAT,
            ),
        ],
    )


def export(lab: Lab) -> Exported:
    """Read a whole export. Raises `RuntimeError` if it is not answered, and what `http.client` does where it breaks off."""
    lines = next(iter(lab.lists.values()))[OURS]
    with lab.serving(OURS, processes=1) as (process, port):
        asked(lab.server, lab.database, "asking", port, WARM_UP, json.dumps(lab.headers), lines=lines)
        worker = family_of(process.pid)[-1]
        before, early, rows = memory_of(worker), 0.0, 0
        connection = http.client.HTTPConnection("127.0.0.1", port)
        began = time.perf_counter()
        connection.request("GET", "/api/v1/events/export", headers=lab.headers)
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"not answered: {response.status} {response.read(300)!r}")
        while part := response.read(CHUNK):
            rows += part.count(b"\n")
            early = early or (memory_of(worker) if rows >= EARLY else 0.0)
        seconds = time.perf_counter() - began
        return Exported(rows, seconds, before, early or memory_of(worker), peak_memory_of_family(worker))
