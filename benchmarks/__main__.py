"""`make bench`: measure the parts that are named, one after the other, and write the report. `scale` and `sync` only if named."""

from __future__ import annotations

import argparse

from benchmarks import delivery, history, intake, loyalty, memory, preview, scale, stalled, sync, trickle
from benchmarks.databases import Server
from benchmarks.environment import ROOT
from benchmarks.report import Section, keep

PARTS = {
    "delivery": delivery.measured,
    "trickle": trickle.measured,
    "memory": memory.measured,
    "intake": intake.measured,
    "history": history.measured,
    "stalled": stalled.measured,
    "preview": preview.measured,
    "loyalty": loyalty.measured,
    "scale": scale.measured,
    "sync": sync.measured,
}
ONLY_WHEN_NAMED = {"scale", "sync"}
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
        keep(REPORT, server.facts(), options.runs, sections)
    print(REPORT.read_text())


if __name__ == "__main__":
    main()
