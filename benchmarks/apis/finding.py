"""How every list of the API finds its rows: the indexes, the pages that it reads, and that nothing is counted."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from benchmarks.apis.lab import Lab, asked
from benchmarks.report import Section, Verdict

SHOWN = ("events: metric and time", "events: recorded in two hours", "events: state failed")
"""Lists whose plans are shown whole."""

_COUNT = re.compile(r"\bcount\(", re.IGNORECASE)
_INDEX = re.compile(r"(?:using|Bitmap Index Scan on) (\w+)")
_PAGES = re.compile(r"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?")


def measured(lab: Lab, runs: int) -> Section:
    """Once: plans hardly differ from run to run."""
    by_list: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for plan in asked(lab.server, lab.database, "plans", lab.token):
        if not plan["kind"].endswith("token"):  # the count of requests
            by_list[plan["step"]].append(plan)
    rows = {name: _row(plans) for name, plans in by_list.items()}
    counting = sum(bool(_COUNT.search(plan["statement"])) for plans in by_list.values() for plan in plans)
    return Section(
        title="How lists are found",
        notes="A page of a hundred each, of the largest merchant; the statement as it is prepared after several requests.",
        head=("list", "ms", "pages read", "indexes", "reads whole"),
        rows=[[name, f"{ms:.1f}", f"{pages:,}", indexes, whole] for name, (ms, pages, indexes, whole) in rows.items()],
        verdicts=[
            Verdict("the slowest list", max(row[0] for row in rows.values()), unit="ms", digits=0),
            Verdict("statements that count rows", counting, most=0, unit="", digits=0),
        ],
        more="\n\n".join(
            f"{name}:\n\n```\n{plan['statement']}\n\n{plan['plan']}\n```"
            for name in SHOWN
            for plan in by_list[name][:1]
        ),
    )


def _row(plans: list[dict[str, Any]]) -> tuple[float, int, str, str]:
    """Milliseconds and pages of all its statements, the indexes that they use, and tables that they read from end to end."""
    indexes = dict.fromkeys(name for plan in plans for name in _INDEX.findall(plan["plan"]))
    whole = dict.fromkeys(word.split()[0] for plan in plans for word in plan["plan"].split("Seq Scan on ")[1:])
    pages = sum(int(number or 0) for plan in plans for number in _first_pages(plan["plan"]))
    return sum(plan["milliseconds"] for plan in plans), pages, ", ".join(indexes), ", ".join(whole) or "-"


def _first_pages(plan: str) -> tuple[str, str]:
    """Those of the top of the plan, which include all below."""
    found = _PAGES.search(plan)
    return (found[1], found[2]) if found else ("0", "0")
