"""Reading a collection as Klaviyo lets one: filter, sort, cursor paging. A wrong parameter is a 400 that names it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson

from .problems import Refused, invalid_parameter
from .rules import parse_time

Item = TypeVar("Item")
Value = str | float | bool | datetime | None

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<mark>[\[\](),])|(?P<bare>[^\s\[\](),"']+))\s*"""
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison of a filter, such as `equals(metric_id,"abc")`; `has` compares with nothing."""

    operator: str
    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Collection(Generic[Item]):
    """How one resource may be read: the operators of each field, the sort fields, the page sizes, a value's reader."""

    operators: Mapping[str, tuple[str, ...]]
    sorts: tuple[str, ...]
    default_sort: str
    page_size: int
    max_page_size: int | None
    includes: tuple[str, ...]
    read: Callable[[Item, str], Value]
    number: Callable[[Item], int]

    def check_parameters(self, query: Mapping[str, str]) -> None:
        """Refuse parameters that this resource does not know."""
        known = {"filter", "sort", "include", "page[cursor]"} | ({"page[size]"} if self.max_page_size else set())
        for name in query:
            if name not in known and not name.startswith(("fields[", "additional-fields[")):
                raise _refused(f"'{name}' is not a valid query parameter for this resource.", name)
        for name in filter(None, query.get("include", "").split(",")):
            if name not in self.includes:
                raise _refused(f"'{name}' is not an allowed include parameter for this resource.", "include")

    def select(self, items: Sequence[Item], query: Mapping[str, str]) -> list[Item]:
        """The items that pass the filter, in the order asked for."""
        clauses = self._clauses(query.get("filter", ""))
        sort = query.get("sort") or self.default_sort
        field = sort.removeprefix("-")
        if field not in self.sorts:
            raise _refused(f"'{sort}' is not an allowed sort parameter for this resource.", "sort")
        chosen = [item for item in items if all(self._passes(item, clause) for clause in clauses)]
        return sorted(chosen, key=lambda item: self._key(item, field), reverse=sort.startswith("-"))

    def page(self, ordered: list[Item], query: Mapping[str, str]) -> tuple[list[Item], str | None, str | None]:
        """One page of ordered items with the cursors of the next and the previous page."""
        size = self._size(query)
        start = self._start(ordered, query, size)
        page = ordered[start : start + size]
        sort = (query.get("sort") or self.default_sort).removeprefix("-")
        following = self._cursor("after", page[-1], sort) if page and start + size < len(ordered) else None
        previous = self._cursor("before", page[0], sort) if page and start > 0 else None
        return page, following, previous

    def _size(self, query: Mapping[str, str]) -> int:
        text = query.get("page[size]")
        if text is None:
            return self.page_size
        largest = self.max_page_size or self.page_size
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= largest:
            raise _refused(f"Page size must be an integer between 1 and {largest}.", "page[size]")
        return int(text)

    def _start(self, ordered: list[Item], query: Mapping[str, str], size: int) -> int:
        """The index of the page's first item. A cursor names an item, so that items added meanwhile shift nothing."""
        cursor = query.get("page[cursor]")
        if not cursor:
            return 0
        try:
            direction, field, number = orjson.loads(base64.urlsafe_b64decode(cursor))
            index = next(place for place, item in enumerate(ordered) if self.number(item) == number)
        except (binascii.Error, ValueError, TypeError, StopIteration):
            raise _refused("Invalid cursor.", "page[cursor]") from None
        if field != (query.get("sort") or self.default_sort).removeprefix("-"):
            raise _refused("The cursor belongs to another sort order.", "page[cursor]")
        return index + 1 if direction == "after" else max(0, index - size)

    def _cursor(self, direction: str, item: Item, sort: str) -> str:
        return base64.urlsafe_b64encode(orjson.dumps([direction, sort, self.number(item)])).decode()

    def _key(self, item: Item, field: str) -> tuple[bool, Any, int]:
        value = self.read(item, field)
        return value is not None, value, self.number(item)

    def _clauses(self, text: str) -> list[Clause]:
        clauses = list(parse_filter(text)) if text else []
        for clause in clauses:
            if clause.operator not in self.operators.get(clause.field, ()):
                detail = f"'{clause.operator}' is not allowed for the field '{clause.field}' of this resource."
                raise _refused(detail, "filter")
        return clauses

    def _passes(self, item: Item, clause: Clause) -> bool:
        actual = self.read(item, clause.field)
        match clause.operator:
            case "has":
                return actual is not None
            case "any":
                return str(actual) in _values(clause.value)
            case "equals":
                # Lists document equals(name,["..."]): one value, or a list of one.
                return actual is not None and str(actual) in _values(clause.value)
        if actual is None:
            return False
        return _compare(clause.operator, actual, _like(actual, clause.value))


def parse_filter(text: str) -> Iterator[Clause]:
    """The comma-joined clauses of a filter expression."""
    tokens = _tokens(text)
    index = 0
    while index < len(tokens):
        operator, opening, field = (*tokens[index : index + 3], "", "", "")[:3]
        if opening != "(":
            raise _refused("The filter expression is malformed.", "filter")
        index += 3
        value: Any = None
        if tokens[index : index + 1] == [","]:
            value, index = _read_value(tokens, index + 1)
        if tokens[index : index + 1] != [")"]:
            raise _refused("The filter expression is malformed.", "filter")
        yield Clause(operator, field, value)
        index += 1
        if index < len(tokens):
            if tokens[index] != "," or index + 1 == len(tokens):
                raise _refused("The filter expression is malformed.", "filter")
            index += 1


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.end() == position:
            raise _refused("The filter expression is malformed.", "filter")
        tokens.append(match["text"] or match["mark"] or match["bare"])
        position = match.end()
    return tokens


def _read_value(tokens: list[str], index: int) -> tuple[Any, int]:
    if tokens[index : index + 1] != ["["]:
        if index >= len(tokens):
            raise _refused("The filter expression is malformed.", "filter")
        return _unquote(tokens[index]), index + 1
    if "]" not in tokens[index:]:
        raise _refused("The filter expression is malformed.", "filter")
    closing = tokens.index("]", index)
    return [_unquote(text) for text in tokens[index + 1 : closing] if text != ","], closing + 1


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[0] in "\"'" else text


def _values(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _like(actual: Value, text: Any) -> Any:
    """The filter's text as the kind of value it is compared with."""
    if isinstance(actual, datetime):
        time = parse_time(text) if isinstance(text, str) else None
        if time is None:
            raise _refused("A time with an offset is expected.", "filter")
        return time
    try:
        return float(text)
    except (TypeError, ValueError):
        raise _refused("A number is expected.", "filter") from None


def _compare(operator: str, actual: Any, wanted: Any) -> bool:
    match operator:
        case "greater-than":
            return bool(actual > wanted)
        case "greater-or-equal":
            return bool(actual >= wanted)
        case "less-than":
            return bool(actual < wanted)
        case _:
            return bool(actual <= wanted)


def _refused(detail: str, parameter: str) -> Refused:
    return Refused([invalid_parameter(detail, parameter)])
