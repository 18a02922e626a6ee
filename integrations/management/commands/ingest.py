"""`manage.py ingest`: messages from files take the hook's own path."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from integrations import ingestion, sources
from integrations.ingestion import BrokenTable, Document, Tally
from integrations.management.arguments import SHOWN, one_line, shown
from integrations.management.naming import find_merchant
from integrations.sources import Source

STDIN = "-"


class Command(BaseCommand):
    """Each file is one JSON document, NDJSON with one on each line, or a table (CSV) with one in each row."""

    help = "Take in messages from files as if their source had sent them, and handle them at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--merchant", required=True, type=one_line, help="public id or name")
        parser.add_argument("--source", required=True, type=one_line, help="who the messages are from, such as shopify")
        parser.add_argument(
            "--topic", default="", type=one_line, help="what they tell of, where they do not say it: orders/create"
        )
        parser.add_argument(
            "files", nargs="+", type=one_line, metavar="FILE", help="JSON, NDJSON or CSV; - is standard input"
        )
        parser.add_argument("--json", action="store_true", help="print the summary as one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ingest; raise `CommandError` if any document was refused or could not be handled."""
        merchant = find_merchant(options["merchant"])
        source = _source(options["source"], options["topic"])
        _check_files(options["files"])
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("ingesting", total=_bytes(options["files"]))

            def complain(document: Document, reason: str) -> None:
                progress.console.out(f"{document.place}: {reason}", highlight=False)

            try:
                tally = ingestion.ingest(
                    merchant,
                    source,
                    options["topic"],
                    _documents(options["files"]),
                    complain=complain,
                    progress=lambda document: progress.advance(task, document.size),
                )
            except BrokenTable as error:
                raise CommandError(
                    f"{error}; correct it and run it again: what is stored is not stored twice"
                ) from None
            except KeyboardInterrupt:
                raise CommandError("stopped; to go on, run it again: what is stored is not stored twice") from None
        self.stdout.write(json.dumps(asdict(tally)) if options["json"] else _as_text(tally))
        if tally.refused or tally.failed:
            raise CommandError(f"{tally.refused} documents were refused and {tally.failed} failed; see above for each")


def _source(kind: str, topic: str) -> Source:
    try:
        source = sources.get(kind)
    except KeyError:
        known = ", ".join(each for each, _ in sources.choices())
        raise CommandError(f"--source: there is no source {shown(kind)}; sources are: {known}") from None
    topics = source.topics()
    if topics and not topic:
        raise CommandError(f"--topic: messages of {kind} do not say their topic; name it, such as {topics[0]}")
    if topics and topic not in topics:
        raise CommandError(
            f"--topic: {kind} has no topic {shown(topic)} that does anything; topics are: {', '.join(topics)}"
        )
    return source


def _check_files(names: Sequence[str]) -> None:
    """Every file, before the first is read."""
    for name in names:
        if name != STDIN and not (os.path.isfile(name) and os.access(name, os.R_OK)):
            raise CommandError(f"FILE: {name[:SHOWN]} is no file that can be read")


def _bytes(names: Sequence[str]) -> int | None:
    """How much there is to read; None where nobody knows."""
    return None if STDIN in names else sum(Path(name).stat().st_size for name in names)


def _documents(names: Sequence[str]) -> Iterator[Document]:
    for name in names:
        with nullcontext(sys.stdin.buffer) if name == STDIN else Path(name).open("rb") as stream:
            yield from ingestion.documents("stdin" if name == STDIN else Path(name).name, stream)


def _as_text(tally: Tally) -> str:
    parts = [f"{tally.accepted} accepted", f"{tally.duplicate} duplicate", f"{tally.refused} refused"]
    of_accepted = (
        (tally.waiting, "wait for something else"),
        (tally.failed, "failed"),
        (tally.left, "are left to the workers"),
    )
    more = [f"{count} {what}" for count, what in of_accepted if count]
    return ", ".join(parts) + (f"; of the accepted {', '.join(more)}" if more else "")
