"""A file of customers for a campaign, as merchants make it: reading it, and naming each line that is wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from integrations import clean
from integrations.customers import normalise_email, normalise_phone
from loyalty.models.campaign import MOST_CAMPAIGN_POINTS

MOST_LINES = 50_000
MOST_BYTES = 5 * 1024 * 1024
MOST_NAMED = 20
"""Of the lines that are wrong so many are named."""

ID_LENGTH = 64
POINTS = "points"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what its customer is known by, normalised, and the points that it says, None where it says none."""

    number: int
    key: str
    points: int | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The lines of a file. `column` says what customers are known by in it: email, phone or customer_id."""

    column: str
    lines: Sequence[Line]


def _email(said: str) -> tuple[str, str]:
    return normalise_email(said), f"{said[:60]!r} is no e-mail address"


def _phone(said: str) -> tuple[str, str]:
    return normalise_phone(said), f"{said[:60]!r} is no phone number with its country, such as +49 30 123456"


def _customer_id(said: str) -> tuple[str, str]:
    key = clean.text(said, ID_LENGTH + 1)
    return key if len(key) <= ID_LENGTH else "", f"an id has 1 to {ID_LENGTH} characters"


COLUMNS: dict[str, Callable[[str], tuple[str, str]]] = {
    "email": _email,
    "phone": _phone,
    "customer_id": _customer_id,
}
"""What customers are known by -> how it is read: normalised, "" where it is none, and then what is wrong."""


def read(content: bytes) -> Sheet:
    """Read a CSV with a first line that names its columns. Raises `ValidationError` for `file`, a text for each wrong line."""
    if len(content) > MOST_BYTES:
        raise _wrong(f"The file is too large: at most {MOST_BYTES // 1024 // 1024} MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong("The file is not in UTF-8: save it as CSV UTF-8.") from None
    rows = _rows(text)
    _, names = next(rows, (0, []))
    column, place, points_place = _places(names)
    lines, problems = [], []
    for count, (number, row) in enumerate(rows, start=1):
        if count > MOST_LINES:
            raise _wrong(f"The file has too many lines: at most {MOST_LINES:,}.")
        try:
            lines.append(_line(number, row, column, place, points_place))
        except ValueError as error:
            problems.append(f"Line {number}: {error}.")
    if problems:
        more = len(problems) - MOST_NAMED
        raise _wrong(*problems[:MOST_NAMED], *([f"And {more:,} more lines."] if more > 0 else []))
    if not lines:
        raise _wrong("The file has no line but the first.")
    return Sheet(column, lines)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines with something in them, and their numbers. Spreadsheets put commas, semicolons or tabs between columns."""
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        for row in rows:
            cells = [each.strip() for each in row]
            if any(cells):
                yield rows.line_num, cells
    except csv.Error as error:
        raise _wrong(f"Line {rows.line_num}: this is no CSV ({error}).") from None


def _places(names: Sequence[str]) -> tuple[str, int, int | None]:
    """What customers are known by, in which column that stands, and in which the points do."""
    small = [each.lower() for each in names]
    known = [each for each in COLUMNS if each in small]
    if len(known) != 1:
        asked = "email, phone or customer_id"
        raise _wrong(f"Line 1: it must name one column {asked}, and it names {' and '.join(known) or 'none of them'}.")
    return known[0], small.index(known[0]), small.index(POINTS) if POINTS in small else None


def _line(number: int, row: Sequence[str], column: str, place: int, points_place: int | None) -> Line:
    """Raises `ValueError` that says what is wrong."""
    said = row[place] if place < len(row) else ""
    if not said:
        raise ValueError(f"{column} is empty")
    key, complaint = COLUMNS[column](said)
    if not key:
        raise ValueError(complaint)
    points = row[points_place] if points_place is not None and points_place < len(row) else ""
    return Line(number, key, _points(points) if points else None)


def _points(said: str) -> int:
    is_number = said.isascii() and said.isdecimal() and len(said) <= len(str(MOST_CAMPAIGN_POINTS))
    if not is_number or not 1 <= int(said) <= MOST_CAMPAIGN_POINTS:
        raise ValueError(f"points must be a whole number from 1 to {MOST_CAMPAIGN_POINTS}, not {said[:20]!r}")
    return int(said)


def _wrong(*texts: str) -> ValidationError:
    return ValidationError({"file": list(texts)})
