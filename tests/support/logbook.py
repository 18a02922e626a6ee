"""The log as production writes it, line by line, for as long as a block lasts."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from config import logs


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


@contextmanager
def written(level: int = logging.DEBUG) -> Iterator[list[str]]:
    """Collect what is logged at `level` and above, as JSON lines."""
    options = dict(logs.configuration(renderer="json", level="DEBUG")["formatters"]["line"])
    lines: list[str] = []
    handler = _Lines(lines)
    handler.setFormatter(options.pop("()")(**options))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
