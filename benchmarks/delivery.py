"""A backlog, delivered: our engine beside the official SDK in a loop, one django-q2 task per event, and a bare loop of SQL.

`python -m benchmarks.delivery` measures this part alone, with options: `--ways engine bare --processes 1 --ms 0`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from benchmarks.databases import Server
from benchmarks.environment import ROOT, environment
from benchmarks.processes import Figures, measure
from benchmarks.report import Section, Verdict, say, spread
from benchmarks.stub import Stub

MERCHANTS = 10
EVENTS = 60_000
EACH = 5
"""Events of one shopper."""

SDK_EVENTS = {0.0: 2_000, 0.1: 100}
QUEUE_EVENTS = {0.0: 1_000, 0.1: 100}
"""One by one is slow: fewer events give the same rate."""

DELAYS = (0.0, 0.1)
PROCESSES = (1, 2)
ENGINE, SDK, QUEUE, BARE = "Tidings", "SDK in a loop", "django-q2, a task per event", "bare SQL loop (the limit)"


@dataclass(frozen=True, slots=True)
class Case:
    """One way of delivering with some processes, against a stub that answers after `delay` seconds."""

    way: str
    processes: int
    delay: float

    @property
    def commands(self) -> list[list[str]]:
        """The workers."""
        if self.way == ENGINE:
            return [["benchmarks.ways.engine"]] * self.processes
        if self.way == BARE:
            return [["benchmarks.ways.bare"]] * self.processes
        if self.way == QUEUE:
            return [["benchmarks.ways.queue"]]
        most = str(SDK_EVENTS[self.delay])
        return [["benchmarks.ways.sdk", str(share), str(self.processes), most] for share in range(self.processes)]

    def events(self, backlog: int) -> int:
        """How many events it delivers of a backlog."""
        few = {SDK: SDK_EVENTS, QUEUE: QUEUE_EVENTS}
        return min(few[self.way][self.delay], backlog) if self.way in few else backlog

    @property
    def changes(self) -> dict[str, str]:
        """What its environment differs in."""
        if self.way != QUEUE:
            return {}
        return {
            "DJANGO_SETTINGS_MODULE": "benchmarks.ways.queue_settings",
            "BENCH_QUEUE_WORKERS": str(self.processes),
        }


class Bench:
    """The databases and the stubs that cases are run on, for the time of a `with` block."""

    def __init__(self, server: Server, *, merchants: int = MERCHANTS, events: int = EVENTS, each: int = EACH) -> None:
        self.server = server
        self.events = events
        self.merchants = merchants
        self._each = str(each)
        self._stack = ExitStack()
        self._backlog = ""
        self._queues: dict[float, str] = {}
        self._stubs: dict[float, Stub] = {}

    def __enter__(self) -> Bench:
        with ExitStack() as stack:
            self._backlog = stack.enter_context(self.server.made("backlog"))
            self._fill(self._backlog, self.events)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, case: Case) -> Figures:
        """Run a case once, on a fresh copy of the backlog."""
        stub = self._stub(case.delay)
        template = self._queue(case.delay) if case.way == QUEUE else self._backlog
        with self.server.copied(template) as database:
            env = environment(self.server.url_of(database), KLAVIYO_BASE_URL=stub.url, **case.changes)
            before = stub.counts().events
            figures = measure(case.commands, env, self.server, database, events=case.events(self.events))
            arrived = stub.counts().events - before
        if arrived != figures.events:
            raise RuntimeError(f"{arrived} events arrived instead of {figures.events}: {case}")
        return figures

    def _fill(self, database: str, events: int) -> None:
        run(self.server, database, "benchmarks.filling", "backlog", str(self.merchants), str(events), self._each)

    def _stub(self, delay: float) -> Stub:
        if delay not in self._stubs:
            self._stubs[delay] = self._stack.enter_context(Stub(delay))
        return self._stubs[delay]

    def _queue(self, delay: float) -> str:
        """A database with queued tasks: made when it is first asked for."""
        if delay not in self._queues:
            most = str(QUEUE_EVENTS[delay])
            name = self._stack.enter_context(self.server.made(f"queue_{most}"))
            self._fill(name, QUEUE_EVENTS[delay])
            settings = Case(QUEUE, 1, delay).changes
            run(self.server, name, "benchmarks.ways.queue", "fill", most, **settings)
            self._queues[delay] = name
        return self._queues[delay]


def run(server: Server, database: str, *module: str, **changes: str) -> None:
    """Run a module to its end on a database."""
    env = environment(server.url_of(database), **changes)
    subprocess.run([sys.executable, "-m", *module], cwd=ROOT, env=env, check=True)


def alternate(bench: Bench, cases: Sequence[Case], runs: int) -> dict[Case, list[Figures]]:
    """Run every case `runs` times, in turn with the others."""
    found: dict[Case, list[Figures]] = {case: [] for case in cases}
    for number in range(1, runs + 1):
        for case in cases:
            figures = bench.run(case)
            found[case].append(figures)
            say(
                f"delivery {number}/{runs}: {case.way}, {case.processes} process(es), {case.delay * 1000:.0f} ms: "
                f"{figures.rate:,.0f}/s, {figures.client_cpu:.3f} + {figures.database_cpu:.3f} CPU s/1000, "
                f"{figures.memory:.0f} MB"
            )
    return found


def measured(server: Server, runs: int) -> Section:
    """The whole part: every way, with one process and with two, against both stubs."""
    cases = [Case(way, count, delay) for delay in DELAYS for count in PROCESSES for way in (ENGINE, SDK, QUEUE, BARE)]
    with Bench(server) as bench:
        return section(alternate(bench, cases, runs), bench)


def section(found: dict[Case, list[Figures]], bench: Bench) -> Section:
    """The table, and the verdicts that the cases at hand allow."""
    report = Section(
        title="Delivery of a backlog",
        notes=(
            f"{bench.events:,} events of {bench.merchants} merchants are waiting; the one-by-one ways deliver the first "
            f"{SDK_EVENTS[0.0]:,} (SDK) and {QUEUE_EVENTS[0.0]:,} (queue) of them, {SDK_EVENTS[0.1]:,} where an answer takes "
            "100 ms. CPU is seconds per 1,000 events."
        ),
        head=("way", "answers after", "processes", "events/s", "Python CPU", "PostgreSQL CPU", "all CPU", "peak MB"),
    )
    for case in sorted(found, key=lambda case: (case.delay, case.way, case.processes)):
        runs = found[case]
        report.rows.append(
            [
                case.way,
                f"{case.delay * 1000:.0f} ms",
                str(case.processes),
                spread([each.rate for each in runs]),
                spread([each.client_cpu for each in runs], 3),
                spread([each.database_cpu for each in runs], 3),
                f"{median(each.cpu for each in runs):.3f}",
                f"{max(each.memory for each in runs):.0f}",
            ]
        )
    report.verdicts = _verdicts(found)
    return report


def _verdicts(found: dict[Case, list[Figures]]) -> list[Verdict]:
    rate = {case: median(each.rate for each in runs) for case, runs in found.items()}
    cpu = {case: median(each.cpu for each in runs) for case, runs in found.items()}
    one, two, slow = (Case(ENGINE, 1, 0.0), Case(ENGINE, 2, 0.0), Case(ENGINE, 1, 0.1))
    wanted = [
        ("one process at once: at least 0.8 of the limit", rate, one, Case(BARE, 1, 0.0), 0.8, None),
        ("at least 5 times the SDK loop", rate, one, Case(SDK, 1, 0.0), 5.0, None),
        ("with at most 1/4 of its CPU, database included", cpu, one, Case(SDK, 1, 0.0), None, 0.25),
        ("at least 300 times the SDK loop at 100 ms", rate, slow, Case(SDK, 1, 0.1), 300.0, None),
        ("at least 30 times a django-q2 task per event, 1 process", rate, one, Case(QUEUE, 1, 0.0), 30.0, None),
        ("at least 30 times a django-q2 task per event, 2 processes", rate, two, Case(QUEUE, 2, 0.0), 30.0, None),
        ("a second process: at least 1.6 times one", rate, two, one, 1.6, None),
    ]
    return [
        Verdict(target, figures[ours] / figures[other], least=least, most=most)
        for target, figures, ours, other, least, most in wanted
        if ours in figures and other in figures
    ]


def main() -> None:
    """Measure this part alone, with its own options."""
    names = {"engine": ENGINE, "sdk": SDK, "queue": QUEUE, "bare": BARE}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--merchants", type=int, default=MERCHANTS)
    parser.add_argument("--ways", nargs="+", choices=names, default=list(names))
    parser.add_argument("--processes", nargs="+", type=int, default=list(PROCESSES))
    parser.add_argument("--ms", nargs="+", type=float, default=[delay * 1000 for delay in DELAYS])
    options = parser.parse_args()
    cases = [
        Case(names[way], processes, ms / 1000)
        for ms in options.ms
        for processes in options.processes
        for way in options.ways
    ]
    with Bench(Server.find(), merchants=options.merchants, events=options.events) as bench:
        found = alternate(bench, cases, options.runs)
        print(section(found, bench).markdown())


if __name__ == "__main__":
    main()
