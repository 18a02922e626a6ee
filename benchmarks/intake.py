"""Webhooks taken in: our hook beside a bare WSGI application, FastAPI with asyncpg, and a Django view that handles at once."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.databases import Server
from benchmarks.delivery import run
from benchmarks.environment import ROOT
from benchmarks.load import CONNECTIONS
from benchmarks.machine import cpu_of_family
from benchmarks.report import Section, Verdict, say, spread
from benchmarks.web import GUNICORN, PLAIN_GUNICORN, serving

SECONDS = 4.0
WARM_UP = 1.0
MANY = 1_000_000
"""Numbers of orders between the warm-up and the run."""

OURS, WSGI, FAST, INLINE = (
    "Tidings",
    "bare WSGI + psycopg",
    "FastAPI + asyncpg, 4 statements",
    "Django, handled at once",
)
COMMANDS = {
    OURS: GUNICORN,
    WSGI: (*PLAIN_GUNICORN, "benchmarks.intakes.wsgi:application"),
    FAST: (
        *("uvicorn", "benchmarks.intakes.fast:app", "--workers", "2", "--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning"),
    ),
    INLINE: GUNICORN,
}
CHANGES = {INLINE: {"DJANGO_SETTINGS_MODULE": "benchmarks.intakes.inline_settings"}}


@dataclass(frozen=True, slots=True)
class Taken:
    """One run: requests per second, milliseconds that 50 % and 99 % took at most, CPU seconds per 1,000 requests."""

    rate: float
    p50: float
    p99: float
    server_cpu: float
    database_cpu: float


def measured(server: Server, runs: int) -> Section:
    """Every way `runs` times, in turn."""
    found: dict[str, list[Taken]] = {way: [] for way in COMMANDS}
    with server.made("intake") as template:
        run(server, template, "benchmarks.filling", "intake")
        for number in range(1, runs + 1):
            for way in COMMANDS:
                with server.copied(template) as database:
                    found[way].append(taken := take_in(server, database, way))
                say(f"intake {number}/{runs}: {way}: {taken.rate:,.0f}/s, p99 {taken.p99:.0f} ms")
    return section(found)


def take_in(server: Server, database: str, way: str) -> Taken:
    """Start the server on a database, warm it up, and load it."""
    with serving(COMMANDS[way], server.url_of(database), CHANGES.get(way, {})) as (process, port):
        _load(port, WARM_UP, 0)
        cpu, backends = cpu_of_family(process.pid), server.cpu(database)
        seconds, milliseconds = _load(port, SECONDS, MANY)
        cpu, backends = cpu_of_family(process.pid) - cpu, server.cpu(database) - backends
    count = len(milliseconds)
    cuts = quantiles(milliseconds, n=100)
    return Taken(count / seconds, cuts[49], cuts[98], cpu / count * 1000, backends / count * 1000)


def _load(port: int, seconds: float, first: int) -> tuple[float, list[float]]:
    command = [sys.executable, "-m", "benchmarks.load", str(port), str(seconds), str(first)]
    found = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    answer = json.loads(found.stdout)
    return answer["seconds"], answer["milliseconds"]


def section(found: dict[str, list[Taken]]) -> Section:
    """The table and the verdicts."""
    rate = {way: median(each.rate for each in runs) for way, runs in found.items()}
    report = Section(
        title="Intake of webhooks",
        notes=(
            f"Signed orders of 3 KB over {CONNECTIONS} connections for {SECONDS:.0f} s; 2 server processes, with 4 threads or "
            "4 database connections each. The sender runs on the same machine. CPU is seconds per 1,000 requests."
        ),
        head=("way", "requests/s", "p50 ms", "p99 ms", "server CPU", "PostgreSQL CPU"),
        rows=[
            [
                way,
                spread([each.rate for each in runs]),
                spread([each.p50 for each in runs], 1),
                spread([each.p99 for each in runs], 1),
                spread([each.server_cpu for each in runs], 2),
                spread([each.database_cpu for each in runs], 2),
            ]
            for way, runs in found.items()
        ],
    )
    report.verdicts = [
        Verdict("at least 1.2 times FastAPI + asyncpg", rate[OURS] / rate[FAST], least=1.2),
        Verdict("at least 4 times the view that handles at once", rate[OURS] / rate[INLINE], least=4),
        Verdict("beside the bare WSGI application", rate[OURS] / rate[WSGI]),
        Verdict("99 % are answered within 50 ms", median(each.p99 for each in found[OURS]), most=50, unit="ms"),
    ]
    return report
