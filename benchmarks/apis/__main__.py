"""`make bench-api`: fill a history, ask for it by the API and by other ways, and write the report."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from benchmarks import scale
from benchmarks.apis import export, feed, finding, pages
from benchmarks.apis.lab import Lab
from benchmarks.databases import Server
from benchmarks.delivery import run
from benchmarks.environment import ROOT
from benchmarks.report import Section, keep

MERCHANTS, EVENTS = 200, 5_000_000
PARTS = {
    "pages": pages.measured,
    "feed": feed.measured,
    "export": export.measured,
    "finding": finding.measured,
}
REPORT = ROOT / "var" / "bench-api.md"


@contextmanager
def filled(server: Server, events: int, *, is_kept: bool) -> Iterator[str]:
    """A database with a year of history, a fifth of it the largest merchant's; its name."""
    with scale.filled(server, merchants=MERCHANTS, events=events) as (database, _):
        run(server, database, "benchmarks.apis.filling")
        try:
            yield database
        finally:
            if is_kept:
                kept = f"{database}_kept"
                server.do(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (database, kept))))
                print(f"kept: --database {kept}")


def measure(server: Server, database: str, parts: list[str], runs: int) -> None:
    """Measure, print and keep. The report grows part by part, so that one that fails costs no other's figures."""
    lab = Lab.of(server, database)
    sections: list[Section] = []
    for part in parts or PARTS:
        sections.append(PARTS[part](lab, runs))
        keep(REPORT, server.facts(), runs, sections)
    print(REPORT.read_text())


def main() -> None:
    """On a database of its own, or on one that was kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.apis", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--runs", type=int, default=5, help="runs of each way; medians are shown")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--keep", action="store_true", help="leave the database, and say its name")
    parser.add_argument("--database", help="one that was kept before")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; parts are {', '.join(PARTS)}")
    server = Server.find()
    if options.database:
        measure(server, options.database, options.parts, options.runs)
        return
    with filled(server, options.events, is_kept=options.keep) as database:
        measure(server, database, options.parts, options.runs)


if __name__ == "__main__":
    main()
