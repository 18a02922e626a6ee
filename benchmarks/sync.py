"""The initial sync of an activity log: from a local feed to Klaviyo by one worker, beside the official SDK in a loop."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.databases import Server
from benchmarks.delivery import SDK, SDK_EVENTS, Bench, Case
from benchmarks.environment import ROOT, environment
from benchmarks.processes import Figures, measure
from benchmarks.report import Section, Verdict, say
from benchmarks.stub import Stub

FEW, MANY = 20_000, 200_000
"""Entries of the log."""

DELAY = 0.1
"""Seconds after which Klaviyo answers, about: a loop of single calls spends them waiting."""

MOST_MB = 120
FLAT = 1.1


def measured(server: Server, runs: int) -> Section:
    """Each once: memory hardly differs from run to run, and the sync takes minutes."""
    found = {count: _sync(server, count, DELAY) for count in (FEW, MANY)}
    with Bench(server, merchants=1, events=SDK_EVENTS[0.0]) as bench:
        sdk, idle = (bench.run(Case(SDK, 1, delay)) for delay in (DELAY, 0.0))
    say(f"sync: the SDK in a loop, {sdk.rate:,.1f}/s, and {idle.rate:,.0f}/s where it never waits")
    return Section(
        title="The initial sync of an activity log",
        notes=(
            "One worker reads a local feed of 1,000 entries a page from its beginning, records and parses them, and sends their "
            "events to a stub that answers after 100 ms. The SDK sends events from memory, and records nothing. CPU is seconds "
            "per 1,000 events."
        ),
        head=("way", "events", "events/s", "Python CPU", "PostgreSQL CPU", "peak MB"),
        rows=[
            _row("from a feed to Klaviyo", found[FEW]),
            _row("from a feed to Klaviyo", found[MANY]),
            _row(SDK, sdk),
            _row(f"{SDK}, answered at once", idle),
        ],
        verdicts=[
            Verdict(
                "at least 10 times the SDK loop, reading and parsing included", found[MANY].rate / sdk.rate, least=10.0
            ),
            Verdict("at most 120 MB", found[MANY].memory, most=MOST_MB, unit="MB", digits=0),
            Verdict("flat over 200,000 entries", found[MANY].memory / found[FEW].memory, most=FLAT),
        ],
    )


def _row(way: str, figures: Figures) -> list[str]:
    cpu = (f"{each:.3f}" for each in (figures.client_cpu, figures.database_cpu))
    return [way, f"{figures.events:,}", f"{figures.rate:,.0f}", *cpu, f"{figures.memory:.0f}"]


def _sync(server: Server, entries: int, delay: float) -> Figures:
    with server.made("sync") as database, Stub(delay) as stub, _feed(entries) as feed:
        env = environment(server.url_of(database), KLAVIYO_BASE_URL=stub.url)
        figures = measure([["benchmarks.ways.sync", feed]], env, server, database, events=entries)
        arrived = stub.counts().events
    if arrived != entries:
        raise RuntimeError(f"{arrived} events arrived instead of {entries}")
    say(f"sync: {entries:,} entries, {figures.rate:,.0f}/s, {figures.memory:.0f} MB")
    return figures


@contextmanager
def _feed(entries: int) -> Iterator[str]:
    """A feed in a process of its own; its address."""
    command = [sys.executable, "-m", "tests.support.log_feed", str(entries)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
