"""`make bench`: measure the parts that are named, one after the other, and write the report. `scale` only where it is named."""

from __future__ import annotations

import argparse
import datetime as dt

from benchmarks import delivery, history, intake, memory, preview, scale, stalled, trickle
from benchmarks.databases import Server
from benchmarks.environment import ROOT
from benchmarks.machine import facts
from benchmarks.report import Section

PARTS = {
    "delivery": delivery.measured,
    "trickle": trickle.measured,
    "memory": memory.measured,
    "intake": intake.measured,
    "history": history.measured,
    "stalled": stalled.measured,
    "preview": preview.measured,
    "scale": scale.measured,
}
ONLY_WHEN_NAMED = {"scale"}
REPORT = ROOT / "var" / "bench.md"


def main() -> None:
    """Measure, print and keep. The report grows part by part, so that one that fails costs no other's figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}")
    parser.add_argument("--runs", type=int, default=5, help="runs of each way; medians are shown")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; parts are {', '.join(PARTS)}")
    server = Server.find()
    sections: list[Section] = []
    for part in options.parts or [part for part in PARTS if part not in ONLY_WHEN_NAMED]:
        sections.append(PARTS[part](server, options.runs))
        write(server, options.runs, sections)
    print(REPORT.read_text())


def write(server: Server, runs: int, sections: list[Section]) -> None:
    """Keep what is known so far."""
    now = dt.datetime.now(dt.UTC)
    head = f"Measured {now:%Y-%m-%d %H:%M} UTC, {runs} runs of each way in turn, median (lowest-highest).\n\n"
    machine = "\n".join(f"- {fact}" for fact in [*facts(), *server.facts()])
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join([head + machine, "", *(section.markdown() for section in sections)]))


if __name__ == "__main__":
    main()
