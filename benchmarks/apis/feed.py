"""The history followed in the order of recording, a thousand events a page: ours, and a bare WSGI application."""

from __future__ import annotations

import json
from statistics import median, quantiles

from benchmarks.apis import BARE, OURS
from benchmarks.apis.lab import Lab, asked
from benchmarks.load import MERCHANT
from benchmarks.report import Section, Verdict, say, spread

PAGES, LIMIT = 200, 1_000
WARM_UP = 20
STARTS = {
    OURS: (f"/api/v1/events?limit={LIMIT}&after=", "start"),
    BARE: (f"/?merchant={MERCHANT}&limit={LIMIT}&key=", "0"),
}


def measured(lab: Lab, runs: int) -> Section:
    """Both ways `runs` times, in turn."""
    found: dict[str, list[list[float]]] = {way: [] for way in STARTS}
    for number in range(1, runs + 1):
        for way in STARTS:
            found[way].append(took := walk(lab, way))
            say(f"feed {number}/{runs}: {way}: {median(took):.0f} ms a page")
    rates = {way: [LIMIT * len(took) / sum(took) * 1000 for took in each] for way, each in found.items()}
    return Section(
        title="The feed",
        notes=f"The largest merchant's history from its start, {PAGES} pages of {LIMIT:,} events, one after the other.",
        head=("way", "events/s", "p50 ms a page", "p99 ms a page"),
        rows=[
            [
                way,
                spread(rates[way]),
                spread([median(took) for took in each], 1),
                spread([quantiles(took, n=100)[98] for took in each], 1),
            ]
            for way, each in found.items()
        ],
        verdicts=[Verdict(f"beside {BARE}", median(rates[OURS]) / median(rates[BARE]))],
    )


def walk(lab: Lab, way: str) -> list[float]:
    """Milliseconds of each page."""
    headers = json.dumps(lab.headers if way == OURS else {})
    with lab.serving(way) as (_, port):
        for pages in (WARM_UP, PAGES):
            took = asked(lab.server, lab.database, "walking", port, *STARTS[way], pages, headers)
    milliseconds: list[float] = took["milliseconds"]
    return milliseconds
