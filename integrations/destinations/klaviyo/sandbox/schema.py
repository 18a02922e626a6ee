"""A small closed schema: every key must be known, as in Klaviyo's OpenAPI description read strictly.

Each shape appends its problems to a list; nothing is raised, so that one answer can name every bad place of a body.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .problems import Path, Problem, invalid


class Shape(Protocol):
    """What a JSON value must look like."""

    @property
    def nullable(self) -> bool:
        """Whether null stands for "not given"."""

    def check(self, value: Any, place: Path, found: list[Problem]) -> None:
        """Append what is wrong with a value that is not null."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    nullable: bool = True

    def check(self, value: Any, place: Path, found: list[Problem]) -> None:
        """Refuse all but strings."""
        if type(value) is not str:
            found.append(invalid(f"'{place[1]}' must be a string.", place))


@dataclass(frozen=True, slots=True)
class Number:
    """An integer or a fraction; true and false are not numbers."""

    nullable: bool = True

    def check(self, value: Any, place: Path, found: list[Problem]) -> None:
        """Refuse all but numbers: a formatted amount such as "1,234.50" is an error at Klaviyo, too."""
        if type(value) is not float and type(value) is not int:
            found.append(invalid(f"'{place[1]}' must be a number.", place))


@dataclass(frozen=True, slots=True)
class Coordinate:
    """A string or a number."""

    nullable: bool = True

    def check(self, value: Any, place: Path, found: list[Problem]) -> None:
        """Refuse all but strings and numbers."""
        if type(value) not in (str, int, float):
            found.append(invalid(f"'{place[1]}' must be a string or a number.", place))


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    nullable: bool = True

    def check(self, value: Any, place: Path, found: list[Problem]) -> None:
        """Refuse all but booleans."""
        if type(value) is not bool:
            found.append(invalid(f"'{place[1]}' must be a boolean.", place))


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few strings."""

    choices: tuple[str, ...]
    nullable: bool = False

    def check(self, value: Any, place: Path, found: list[Problem]) -> None:
        """Refuse any other value."""
        if value not in self.choices:
            found.append(invalid(f"'{place[1]}' must be one of: {', '.join(self.choices)}.", place))


@dataclass(frozen=True, slots=True)
class Names:
    """A string or a list of strings."""

    nullable: bool = True

    def check(self, value: Any, place: Path, found: list[Problem]) -> None:
        """Refuse all but a string or a list of strings."""
        items = value if type(value) is list else [value]
        if any(type(item) is not str for item in items):
            found.append(invalid(f"'{place[1]}' must be a string or a list of strings.", place))


@dataclass(frozen=True, slots=True)
class FreeObject:
    """An object with any keys."""

    nullable: bool = True

    def check(self, value: Any, place: Path, found: list[Problem]) -> None:
        """Refuse all but objects."""
        if type(value) is not dict:
            found.append(invalid(f"'{place[1]}' must be an object.", place))


@dataclass(frozen=True, slots=True)
class Items:
    """A list whose items have one shape."""

    shape: Shape
    nullable: bool = False

    def check(self, value: Any, place: Path, found: list[Problem]) -> None:
        """Check each item under its index."""
        if type(value) is not list:
            found.append(invalid(f"'{place[1]}' must be a list.", place))
            return
        for index, item in enumerate(value):
            self.shape.check(item, (place, index), found)


@dataclass(frozen=True, slots=True)
class Object:
    """An object with exactly these keys, some of them required."""

    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    nullable: bool = False

    def check(self, value: Any, place: Path, found: list[Problem]) -> None:
        """Check the known keys, refuse unknown ones, name the missing ones."""
        if type(value) is not dict:
            found.append(invalid("This value must be an object.", place))
            return
        for key, item in value.items():
            shape = self.fields.get(key)
            if shape is None:
                found.append(invalid(f"'{key}' is not a valid field.", (place, key)))
            elif item is not None:
                shape.check(item, (place, key), found)
            elif not shape.nullable:
                found.append(invalid(f"'{key}' must not be null.", (place, key)))
        for key in self.required:
            if key not in value:
                found.append(invalid(f"'{key}' is a required field.", (place, key)))
