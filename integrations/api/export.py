"""The history as a file: any filter, any length, in memory for a page at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import structlog
from django.http import HttpResponseBase, StreamingHttpResponse

from integrations.api import event_rows, examples, parameters, rendering
from integrations.api.cursors import ASCENDING, Place
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.event_rows import Row
from integrations.api.events import FIELDS, FILTERS, ORDER
from integrations.api.problems import Problem
from integrations.api.slots import Slot, Stream

PAGE = 500
NDJSON, CSV = "application/x-ndjson", "text/csv"
MEDIA_TYPES = {"ndjson": NDJSON, "csv": CSV}
RETRY_SECONDS = 30
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell."""

FORMAT = parameters.choice("format", "A line of JSON for each event, or a table.", tuple(MEDIA_TYPES), default="ndjson")

logger = structlog.get_logger(__name__)


class ExportEvents(Endpoint):
    """`/events/export`"""

    @operation(
        id="export_events",
        tag="Events",
        scope="events:read",
        summary="Export events",
        parameters=(*FILTERS, ORDER, FORMAT, FIELDS),
        answer={"type": "string"},
        example=rendering.dump(examples.EVENT).decode(),
        media_types=(NDJSON, CSV),
    )
    def get(self, call: Call) -> HttpResponseBase:
        """All events that fit, as a file that begins at once. In a table, `properties` is JSON, and a cell that a spreadsheet
        would take for a formula begins with an apostrophe. An export that breaks off half-way ends without the last chunk.
        """
        slot = Slot()
        if not slot.is_mine:
            headers = {"Retry-After": str(RETRY_SECONDS)}
            raise Problem("unavailable", "Too many exports run. Try again.", headers=headers)
        kind, fields = call.parameters["format"], call.parameters["fields"]
        parts = _as_table(_pages(call), fields) if kind == "csv" else _as_lines(_pages(call))
        return StreamingHttpResponse(
            Stream(parts, slot),
            content_type=f"{MEDIA_TYPES[kind]}; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="events.{kind}"'},
        )


def _pages(call: Call) -> Iterator[list[Row]]:
    values, place = call.parameters, None
    while True:
        try:
            rows = event_rows.page(
                call.merchant,
                values,
                place,
                is_ascending=values["order"] == ASCENDING,
                limit=PAGE,
                fields=values["fields"],
            )
        except Exception as error:
            logger.exception("api.failed", error=type(error).__name__)
            raise
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        place = Place(*event_rows.place_of(rows[-1]))


def _as_lines(pages: Iterator[list[Row]]) -> Iterator[bytes]:
    for rows in pages:
        yield b"".join(rendering.dump(event_rows.shown(row)) + b"\n" for row in rows)


def _as_table(pages: Iterator[list[Row]], fields: Sequence[str]) -> Iterator[bytes]:
    yield _written([fields])
    for rows in pages:
        events = (orjson.loads(rendering.dump(event_rows.shown(row))) for row in rows)
        yield _written([[_cell(event[name]) for name in fields] for event in events])


def _written(lines: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else rendering.dump(value).decode()
    return f"'{text}" if text.startswith(FORMULAS) else text
