"""Reading JSON that strangers send, field by field.

A message cannot do without its ids and the instant of its creation: those raise `Malformed`, naming the field. Anything
else that is absent, null or of another type is unknown ("", None, the default, an empty record): senders do all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.sources import Malformed

_BIGGEST_ID = 2**63 - 1
_BIGGEST_COUNT = 2**31 - 1
_BIGGEST_EXPONENT = 10
YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a vendor's word means in the words of `tracking.statuses`: a row of its mapping table."""

    status: str
    substatus: str = ""
    attempt: bool = False


class Record:
    """One JSON object of a message, and the path that leads to it, so that a complaint can name the field.

    `message` names the whole message in complaints ("orders/create"). Raises `Malformed` if `value` is no object.
    """

    __slots__ = ("_fields", "_message", "_path")

    def __init__(self, value: Any, message: str, path: str = "") -> None:
        if not isinstance(value, dict):
            raise Malformed(f"{message}: {path or 'the body'} must be an object, got {_shown(value)}")
        self._fields: dict[str, Any] = value
        self._message = message
        self._path = path

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._fields.get(name) is not None

    def text(self, name: str) -> str:
        """Text without blanks around it; a whole number is taken as text."""
        return _text(self._fields.get(name))

    def required_text(self, name: str) -> str:
        """Text that is not blank. Raises `Malformed`."""
        text = self.text(name)
        if not text:
            raise self.complaint(name, "must be text that is not blank")
        return text

    def texts(self, name: str) -> list[str]:
        """The texts of a list, with "" where an item is none, so that two parallel lists stay parallel."""
        items = self._fields.get(name)
        return [_text(item) for item in items] if isinstance(items, list) else []

    def identifier(self, name: str) -> str:
        """A positive id of at most 64 bits, as text: such ids do not survive a float. Raises `Malformed`."""
        found = self.optional_identifier(name)
        if not found:
            raise self.complaint(name, "must be a whole number")
        return found

    def optional_identifier(self, name: str) -> str:
        """An id as `identifier` reads it, or ""."""
        number = _whole_number(self._fields.get(name))
        return str(number) if number is not None and 0 < number <= _BIGGEST_ID else ""

    def count(self, name: str) -> int | None:
        """How many; None where the message does not say. Raises `Malformed` for anything but 0, 1, 2, …"""
        if not self.has(name):
            return None
        number = _whole_number(self._fields[name])
        if number is None or not 0 <= number <= _BIGGEST_COUNT:
            raise self.complaint(name, "must be a whole number")
        return number

    def money(self, name: str) -> Decimal | None:
        """An amount in major units, from text or a number; no NaN, no infinity, less than a hundred thousand millions."""
        value = self._fields.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        try:
            amount = Decimal(value) if isinstance(value, int) else Decimal(str(value))
        except InvalidOperation:
            return None
        if not amount.is_finite() or (amount and abs(amount.adjusted()) > _BIGGEST_EXPONENT):
            return None
        return amount

    def instant(self, name: str) -> datetime | None:
        """An ISO 8601 instant as UTC; one without an offset is taken as UTC."""
        value = self._fields.get(name)
        if not isinstance(value, str):
            return None
        try:
            moment = datetime.fromisoformat(value.strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return moment if moment.year in YEARS else None

    def required_instant(self, name: str) -> datetime:
        """An instant that must be there. Raises `Malformed`."""
        moment = self.instant(name)
        if moment is None:
            raise self.complaint(name, "must be a date and time like 2026-01-31T12:00:00+01:00")
        return moment

    def day(self, name: str) -> date | None:
        """The calendar day as it is written: promised deliveries are days, and their time and offset mean nothing."""
        try:
            day = date.fromisoformat(self.text(name)[:10])
        except ValueError:
            return None
        return day if day.year in YEARS else None

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, or the default where the field holds none."""
        value = self._fields.get(name)
        return value if isinstance(value, bool) else default

    def link(self, name: str) -> str:
        """An http(s) address; anything else (`javascript:`) is dropped, because pages will link to it."""
        return web_link(self.text(name))

    def country(self, name: str) -> str:
        """An ISO 3166 alpha-2 code in capitals."""
        code = self.text(name).upper()
        return code if len(code) == 2 and code.isascii() and code.isalpha() else ""

    def child(self, name: str) -> Record:
        """The object in that field; an empty one where there is none."""
        value = self._fields.get(name)
        return Record(value if isinstance(value, dict) else {}, self._message, self._below(name))

    def required_child(self, name: str) -> Record:
        """The object in that field. Raises `Malformed`."""
        return Record(self._fields.get(name), self._message, self._below(name))

    def children(self, name: str) -> Iterator[Record]:
        """The objects of a list; what is no object is passed over."""
        items = self._fields.get(name)
        for index, item in enumerate(items if isinstance(items, list) else []):
            if isinstance(item, dict):
                yield Record(item, self._message, f"{self._below(name)}[{index}]")

    def complaint(self, name: str, demand: str) -> Malformed:
        """The error that says what the field must be and what it is."""
        return Malformed(f"{self._message}: {self._below(name)} {demand}, got {_shown(self._fields.get(name))}")

    def _below(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


def web_link(text: str) -> str:
    """`text` if it is an http(s) address without blanks, else ""."""
    is_address = text.lower().startswith(("https://", "http://")) and not any(each.isspace() for each in text)
    return text if is_address else ""


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    number = _whole_number(value)
    return "" if number is None else str(number)


def _whole_number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) <= _BIGGEST_ID else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(_BIGGEST_ID)):
        return int(value)
    return None


def _shown(value: Any) -> str:
    """A value as a complaint shows it: short, and only the kind of what could be long or personal."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None:
        return "nothing"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _BIGGEST_ID:
        return "a number beyond 64 bits"
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"
