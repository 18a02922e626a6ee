"""Messages from files, on the hook's own path: stored once, then handled in order. Memory does not grow with the file."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

import orjson
from django.db import transaction
from django.utils import timezone

from integrations import inbound, wake
from integrations.models import InboundMessage, Merchant
from integrations.sources import Malformed, Source

BATCH = 100
CHUNK = 256 * 1024
"""Bytes that are read at once."""

PATIENCE = 90.0
"""Seconds for which another worker may hold up a batch: longer than the lease of one that died."""


class BrokenTable(Exception):
    """A table cannot be read from some line on. The text says where."""


@dataclass(frozen=True, slots=True)
class Document:
    """One message of a file: the file's name, the line on which it starts, its bytes, and how much of the file it takes."""

    file: str
    line: int
    body: bytes = field(repr=False)
    size: int

    @property
    def place(self) -> str:
        """Where it stands, for people: "orders.ndjson:12"."""
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class Tally:
    """What became of the documents. Of the accepted, some wait for something else, failed, or are left to the workers."""

    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    waiting: int = 0
    failed: int = 0
    left: int = 0


def documents(file: str, stream: BinaryIO) -> Iterator[Document]:
    """The documents of a file: it is one as a whole, or has one on each line. Blank lines are passed over.

    Each row of a table (`.csv`) is one: its columns' names are the names of the fields, "customer.email" one inside another.
    A cell that is empty says nothing.
    """
    if file.lower().endswith(".csv"):
        yield from _rows(file, stream)
        return
    start = stream.read(inbound.MAX_BODY + 1).removeprefix(codecs.BOM_UTF8)
    if start.strip() and _is_one_document(start):
        yield Document(file, 1, start, len(start))
        return
    chunks = itertools.chain([start], iter(lambda: stream.read(CHUNK), b""))
    for number, line in enumerate(_lines(chunks), start=1):
        if body := line.strip():
            yield Document(file, number, body, len(line) + 1)


def _rows(file: str, stream: BinaryIO) -> Iterator[Document]:
    """What is not UTF-8 stays as it is, so that the row is refused like any other message: names would be kept mutilated."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    table, read = csv.DictReader(text), 0
    try:
        for row in table:
            body = json.dumps(_nested(row), ensure_ascii=False, separators=(",", ":")).encode(errors="surrogateescape")
            yield Document(file, table.line_num, body, stream.tell() - read)
            read = stream.tell()
    except csv.Error as error:
        raise BrokenTable(f"{file}:{table.line_num}: {error}; a quotation mark may be without its other one") from None
    # Else it would close the stream, which is its opener's.
    text.detach()


def _nested(row: Mapping[str | Any, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, cell in row.items():
        if isinstance(name, str) and cell:
            *outer, last = name.strip().split(".")
            inner: Any = document
            for each in outer:
                inner = inner.setdefault(each, {}) if isinstance(inner, dict) else None
            if isinstance(inner, dict):
                inner[last] = cell
    return document


def ingest(
    merchant: Merchant,
    source: Source,
    topic: str,
    found: Iterable[Document],
    *,
    complain: Callable[[Document, str], None],
    progress: Callable[[Document], None] = lambda document: None,
    clock: Callable[[], datetime] = timezone.now,
) -> Tally:
    """Store and handle documents, a batch at a time.

    `complain` is told of each that is refused or fails, and why; `progress` of each that was looked at. Doing it again is
    harmless: what was stored before is a duplicate.
    """
    tally = Tally()
    headers = source.headers_for(topic)
    remaining = iter(found)
    while batch := list(itertools.islice(remaining, BATCH)):
        stored: dict[int, Document] = {}
        with wake.held(), transaction.atomic():
            for document in batch:
                message = _receive(merchant, source, document, headers, tally, complain, at=clock())
                if message is not None:
                    stored[message.pk] = document
        _handle(merchant, stored, clock)
        _count(merchant, stored, tally, complain)
        for document in batch:
            progress(document)
    return tally


def _receive(
    merchant: Merchant,
    source: Source,
    document: Document,
    headers: dict[str, str],
    tally: Tally,
    complain: Callable[[Document, str], None],
    *,
    at: datetime,
) -> InboundMessage | None:
    try:
        if len(document.body) > inbound.MAX_BODY:
            raise Malformed("a message must be at most 5 MB")
        message = inbound.receive(merchant, source, document.body, headers, at=at)
    except (Malformed, inbound.WrongShop) as error:
        tally.refused += 1
        complain(document, str(error))
        return None
    if message is None:
        tally.duplicate += 1
    else:
        tally.accepted += 1
    return message


def _handle(merchant: Merchant, stored: dict[int, Document], clock: Callable[[], datetime]) -> None:
    """Until each message was handled, here or by a worker that was faster; a worker that holds the lease is waited for."""
    unhandled = InboundMessage.objects.for_merchant(merchant).filter(
        pk__in=list(stored), state=InboundMessage.State.RECEIVED
    )
    give_up_at = time.monotonic() + PATIENCE
    while stored and unhandled.exists():
        if inbound.handle_due(seconds=PATIENCE, merchant=merchant, clock=clock):
            give_up_at = time.monotonic() + PATIENCE
        elif time.monotonic() > give_up_at:
            return
        else:
            time.sleep(0.2)


def _count(
    merchant: Merchant, stored: dict[int, Document], tally: Tally, complain: Callable[[Document, str], None]
) -> None:
    messages = InboundMessage.objects.for_merchant(merchant).filter(pk__in=list(stored)).order_by("pk")
    for pk, state, note in messages.values_list("pk", "state", "note"):
        if state == InboundMessage.State.FAILED:
            tally.failed += 1
            complain(stored[pk], note)
        tally.waiting += state == InboundMessage.State.WAITING
        tally.left += state == InboundMessage.State.RECEIVED


def _is_one_document(start: bytes) -> bool:
    """Whether a file that begins so is one document, perhaps a broken one: none of its first lines is one by itself."""
    return _is_json(start) or not any(line.startswith(b"{") and _is_json(line) for line in start.splitlines()[:20])


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends. One that is too long for a message is cut to a length that still shows it."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        rest = rest[: inbound.MAX_BODY + 1]
    yield rest
