"""Medians, their ratios, and the tables that show them."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.machine import facts

MET, MISSED = "yes", "NO"


def say(line: str) -> None:
    """Show how far it is."""
    print(line, file=sys.stderr, flush=True)


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median, and in brackets the lowest and the highest."""
    shown = [f"{value:,.{digits}f}" for value in (median(values), min(values), max(values))]
    return f"{shown[0]} ({shown[1]}-{shown[2]})" if len(values) > 1 else shown[0]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target, and what was measured against it: `most` or `least` is the bound. Without either it is only told."""

    target: str
    measured: float
    least: float | None = None
    most: float | None = None
    unit: str = "times"
    digits: int = 2

    @property
    def is_met(self) -> bool:
        """Whether it holds."""
        return (self.least is None or self.measured >= self.least) and (self.most is None or self.measured <= self.most)

    def row(self) -> list[str]:
        """Target, figure, whether it holds."""
        met = "-" if self.least is None and self.most is None else MET if self.is_met else MISSED
        return [self.target, f"{self.measured:.{self.digits}f} {self.unit}", met]


@dataclass(slots=True)
class Section:
    """One part of the report: what was measured how, the figures, and the verdicts."""

    title: str
    notes: str
    head: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    more: str = ""

    def markdown(self) -> str:
        """The part as markdown."""
        parts = [f"## {self.title}", self.notes, table(self.head, self.rows)]
        if self.verdicts:
            parts.append(table(("target", "measured", "met"), (verdict.row() for verdict in self.verdicts)))
        if self.more:
            parts.append(self.more)
        return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def keep(report: Path, of_server: Sequence[str], runs: int, sections: Sequence[Section]) -> None:
    """Write what is known so far, with the facts of this machine and those of the database's server."""
    now = dt.datetime.now(dt.UTC)
    head = f"Measured {now:%Y-%m-%d %H:%M} UTC, {runs} runs of each way in turn, median (lowest-highest).\n\n"
    machine = "\n".join(f"- {fact}" for fact in [*facts(), *of_server])
    report.parent.mkdir(exist_ok=True)
    report.write_text("\n".join([head + machine, "", *(section.markdown() for section in sections)]))
