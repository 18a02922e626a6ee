"""`manage.py reconcile`: whether the numbers add up."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from integrations.management.arguments import one_line
from integrations.management.naming import find_merchant
from integrations.models import Delivery, InboundMessage
from integrations.reconciliation import Difference, Line, Reconciliation, reconcile

WIDTH = 160
"""Columns where there is no terminal: no figure is cut."""


class Command(BaseCommand):
    """Changes nothing. May run while workers work."""

    help = "Count events, deliveries, requests and messages against each other; fail where they do not add up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument(
            "--merchant", type=one_line, help="public id or name of one merchant; all of them if left out"
        )
        parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the figures; raise `CommandError` if there is any difference."""
        merchant = find_merchant(options["merchant"]) if options["merchant"] is not None else None
        result = reconcile(at=timezone.now(), merchant=merchant)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(result)))
        else:
            self.stdout.write(_as_text(result), ending="")
        if result.differences:
            rows = sum(each.count for each in result.differences)
            kinds = "1 kind" if len(result.differences) == 1 else f"{len(result.differences)} kinds"
            raise CommandError(f"{kinds} of difference, {rows} rows: the numbers do not add up")


def _as_text(result: Reconciliation) -> str:
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    with console.capture() as captured:
        console.print(_figures("events", result.events, Delivery.State.choices))
        console.print(_figures("messages", result.messages, InboundMessage.State.choices))
        if result.differences:
            console.print(_differences(result.differences))
    return captured.get()


def _figures(what: str, lines: Sequence[Line], states: Sequence[tuple[Any, str]]) -> Table:
    table = Table("merchant", "kind", title=what, title_justify="left", box=None, header_style="bold")
    for name in ("all", *(label.partition(":")[0] for _, label in states)):
        table.add_column(name, justify="right")
    for line in lines:
        counts = (line.total, *(line.states[state] for state, _ in states))
        table.add_row(line.merchant, line.kind, *map(str, counts))
    return table


def _differences(differences: Sequence[Difference]) -> Table:
    table = Table("merchant", "kind", "what", title="differences", title_justify="left", box=None, header_style="bold")
    table.add_column("rows", justify="right")
    for each in differences:
        table.add_row(each.merchant, each.kind or "-", each.what, str(each.count))
    return table
