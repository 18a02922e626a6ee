"""The demo's live picture: one row of figures for each shop, and what is being told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from config.demo.figures import Row, percentile
from config.demo.shops import SHOPS
from config.demo.verdict import Verdict

NEWEST = 8
"""Lines of what is being told that stay in sight."""

MOST_COMPLAINTS = 20


def picture(rows: Mapping[str, Row], told: Sequence[str]) -> Group:
    """Figures above, the newest steps below."""
    newest = [Text(f"  {line}", style="dim", no_wrap=True, overflow="ellipsis") for line in told[-NEWEST:]]
    return Group(figures(rows), Padding(Group(*newest), (1, 0, 0, 0)))


def figures(rows: Mapping[str, Row]) -> Table:
    """The figures of each shop and of all of them, in 80 columns. Latency: from a webhook's acceptance to the sandbox."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("shop", no_wrap=True)
    for name in ("received", "events", "delivered", "waiting", "skipped", "failed", "p50 s", "p95 s"):
        table.add_column(name, justify="right", no_wrap=True)
    for shop in SHOPS:
        table.add_row(shop.name, *_cells(rows[shop.account]))
    table.add_row("all", *_cells(_sum(list(rows.values()))), style="bold")
    return table


def _sum(rows: Sequence[Row]) -> Row:
    return Row(
        received=sum(row.received for row in rows),
        events=sum(row.events for row in rows),
        delivered=sum(row.delivered for row in rows),
        waiting=sum(row.waiting for row in rows),
        skipped=sum(row.skipped for row in rows),
        failed=sum(row.failed for row in rows),
        latencies=[seconds for row in rows for seconds in row.latencies],
    )


def _cells(row: Row) -> list[Text]:
    counts = (row.received, row.events, row.delivered, row.waiting, row.skipped)
    failed = Text(str(row.failed), style="bold red" if row.failed else "")
    return [
        *(Text(str(count)) for count in counts),
        failed,
        *(Text(_seconds(percentile(row.latencies, percent))) for percent in (50, 95)),
    ]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def judgement(verdict: Verdict) -> Text:
    """Whether every expected event arrived exactly once; if not, which did not."""
    if not verdict.complaints:
        arrived = f"All {verdict.expected} expected events arrived exactly once, and no other."
        suppressed = f"\n{verdict.suppressed} addresses are suppressed, and no other." if verdict.suppressed else ""
        return Text(arrived + suppressed, style="bold green")
    lines = []
    for kind, keys in verdict.complaints.items():
        lines.append(f"{len(keys)} {kind}:")
        lines += [f"  {account}  {metric}  {unique_id}" for account, metric, unique_id in keys[:MOST_COMPLAINTS]]
        if len(keys) > MOST_COMPLAINTS:
            lines.append(f"  and {len(keys) - MOST_COMPLAINTS} more")
    return Text("\n".join(lines), style="bold red")
