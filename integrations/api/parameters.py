"""Query parameters: each is declared once, and read, documented and refused by its declaration."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q
from django.http import QueryDict

from integrations.api.problems import Problem, of_parameter
from integrations.models import Merchant

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)
_NUMBER = re.compile(r"[0-9]{1,19}")
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One query parameter. `read` makes the value of its text and raises `ValueError` with what would be right.

    `schema` is its JSON Schema. `default` is the value where it is not given.
    """

    name: str
    doc: str
    read: Callable[[str], Any]
    schema: Mapping[str, Any]
    example: Any = None
    default: Any = None


def text(name: str, doc: str, *, example: str | None, longest: int = 254) -> Parameter:
    """Any text of 1 to `longest` characters."""

    def read(given: str) -> str:
        if not 0 < len(given) <= longest:
            raise ValueError(f"must have 1 to {longest} characters")
        return given

    schema = {"type": "string", "minLength": 1, "maxLength": longest}
    return Parameter(name=name, doc=doc, read=read, schema=schema, example=example)


def choice(name: str, doc: str, values: Sequence[str], *, default: str | None = None) -> Parameter:
    """One of `values`."""

    def read(given: str) -> str:
        if given not in values:
            raise ValueError(f"must be one of {', '.join(values)}")
        return given

    schema = {"type": "string", "enum": list(values)}
    return Parameter(name=name, doc=doc, read=read, schema=schema, example=default or values[0], default=default)


def integer(name: str, doc: str, *, least: int, most: int, default: int) -> Parameter:
    """A whole number."""

    def read(given: str) -> int:
        if not _NUMBER.fullmatch(given) or not least <= int(given) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(given)

    schema = {"type": "integer", "minimum": least, "maximum": most, "default": default}
    return Parameter(name=name, doc=doc, read=read, schema=schema, example=default, default=default)


def identifier(name: str, doc: str) -> Parameter:
    """The id of a row, as the API tells it."""

    def read(given: str) -> int:
        key = key_of(given)
        if key is None:
            raise ValueError("must be an id as the API tells it")
        return key

    schema = {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}
    return Parameter(name=name, doc=doc, read=read, schema=schema, example="1042")


def instant(name: str, doc: str) -> Parameter:
    """An instant by RFC 3339, in any zone."""
    schema = {"type": "string", "format": "date-time"}
    return Parameter(name=name, doc=doc, read=read_instant, schema=schema, example="2026-11-20T10:00:00Z")


def fields(names: Sequence[str]) -> Parameter:
    """Which fields the answer has."""

    def read(given: str) -> tuple[str, ...]:
        wanted = given.split(",")
        unknown = [each for each in wanted if each not in names]
        if unknown:
            raise ValueError(f"must be some of {', '.join(names)}, separated by commas")
        return tuple(name for name in names if name in wanted)

    doc = f"Only these fields, separated by commas: some of {', '.join(f'`{name}`' for name in names)}."
    schema = {"type": "string"}
    example = ",".join(names[:3])
    return Parameter(name="fields", doc=doc, read=read, schema=schema, example=example, default=tuple(names))


LIMIT = integer("limit", "How many at most.", least=1, most=1000, default=100)
CURSOR = text("cursor", "`next` or `previous` of a page, with the same filters.", example=None, longest=200)


def read_instant(given: str) -> datetime:
    """An instant by RFC 3339. Raises `ValueError`."""
    wrong = ValueError("must be an instant by RFC 3339 with its zone: 2026-11-20T10:00:00Z (write + as %2B)")
    if not _INSTANT.fullmatch(given):
        raise wrong
    try:
        return datetime.fromisoformat(given.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong from None


def key_of(text: str) -> int | None:
    """The key that an id stands for, None if it cannot be one."""
    if not _NUMBER.fullmatch(text) or text.startswith("0") or int(text) > LARGEST_KEY:
        return None
    return int(text)


def read_all(query: QueryDict, known: Collection[Parameter]) -> dict[str, Any]:
    """The values by name, with defaults for what is not given. Raises `Problem` that names every parameter that is wrong."""
    by_name = {each.name: each for each in known}
    values = {each.name: each.default for each in known}
    errors = []
    for name, given in query.lists():
        parameter = by_name.get(name)
        if parameter is None:
            errors.append(
                {"parameter": name[:80], "detail": f"is not known here; known are {', '.join(by_name) or 'none'}"}
            )
        elif len(given) > 1:
            errors.append({"parameter": name, "detail": "may be given once"})
        else:
            try:
                values[name] = parameter.read(given[0])
            except ValueError as error:
                errors.append({"parameter": name, "detail": str(error)})
    if errors:
        raise Problem(
            "invalid_parameter",
            "; ".join(f"{each['parameter']}: {each['detail']}" for each in errors[:5]),
            errors=errors,
        )
    return values


def conditions(
    meanings: Mapping[str, Callable[[Merchant, Any], Q]], merchant: Merchant, values: Mapping[str, Any]
) -> list[Q]:
    """What the filters mean that were given; `meanings` says it of each."""
    return [make(merchant, values[name]) for name, make in meanings.items() if values[name] is not None]


def refuse(values: Mapping[str, Any], known: Collection[Parameter], names: Collection[str], why: str) -> None:
    """Raises `Problem` where one of `names` is given a value other than its default."""
    for parameter in known:
        if parameter.name in names and values[parameter.name] != parameter.default:
            raise of_parameter(parameter.name, why)
