"""Kinds of arguments, for `add_argument(type=…)`: what cannot be meant is refused before a command begins."""

from __future__ import annotations

import math
import sys
import unicodedata
from argparse import ArgumentTypeError
from collections.abc import Callable

from django.core.management.base import CommandError

SHOWN = 60
"""Characters of a wrong value that a complaint repeats."""

_UNWRITABLE = ("Cc", "Cs", "Zl", "Zp")
_NOT_ONE_LINE = "must be one line of text, without control characters"


def is_line(value: str) -> bool:
    """Whether a text is one line that UTF-8 can hold: arguments that are not UTF-8 arrive with lone surrogates."""
    return not any(unicodedata.category(each) in _UNWRITABLE for each in value)


def one_line(value: str) -> str:
    """One line of text."""
    if not is_line(value):
        raise ArgumentTypeError(_NOT_ONE_LINE)
    return value


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A whole number from `least` to `most`."""

    def read(value: str) -> int:
        bare = value.removeprefix("-")
        if bare.isascii() and bare.isdigit() and len(bare) < 20 and least <= int(value) <= most:
            return int(value)
        raise ArgumentTypeError(f"{shown(value)} is not a whole number from {least} to {most}")

    return read


def finite_number(*, allows_zero: bool) -> Callable[[str], float]:
    """A finite number above 0, or 0 too."""

    def read(value: str) -> float:
        try:
            given = float(value)
        except ValueError:
            given = math.nan
        if math.isfinite(given) and (given > 0 or (allows_zero and given == 0)):
            return given
        raise ArgumentTypeError(f"{shown(value)} is not a number {'of 0 or more' if allows_zero else 'above 0'}")

    return read


row_id = whole_number(1, 2**63 - 1)
port = whole_number(0, 65535)


def shown(value: str) -> str:
    """A wrong value as a complaint repeats it: in quotes, on one line, and not all of it where it is long."""
    return repr(value if len(value) <= SHOWN else f"{value[:SHOWN]}…")


def read_line(option: str) -> str:
    """The first line of standard input. Raises `CommandError` where it is no text."""
    try:
        given = sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise CommandError(f"{option}: standard input is not UTF-8") from None
    return required_line(option, given)


def required_line(option: str, given: str) -> str:
    """A text that came from elsewhere than the arguments. Raises `CommandError` where it is no line; never repeats it."""
    if not is_line(given):
        raise CommandError(f"{option}: {_NOT_ONE_LINE}")
    return given
