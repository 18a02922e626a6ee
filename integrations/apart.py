"""One merchant's trouble is not the others': who goes through merchants does each one's part by itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from types import TracebackType
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError

logger = structlog.get_logger(__name__)

Answer = TypeVar("Answer")


class Apart:
    """Parts of one piece of work, each with a key. A part that fails is not begun again in this block, and the others go on.

    The first error is raised at the end of the block, so that whoever runs it knows. Errors of the database's connection are
    everybody's, and raised at once.
    """

    def __init__(self) -> None:
        self._failed: dict[Hashable, Exception] = {}

    def __enter__(self) -> Apart:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._failed:
            raise next(iter(self._failed.values()))

    def do(self, key: Hashable, part: Callable[[], Answer], otherwise: Answer) -> Answer:
        """What the part gives; `otherwise` where it fails, or failed before."""
        if key in self._failed:
            return otherwise
        try:
            return part()
        except (InterfaceError, OperationalError):
            raise
        except Exception as error:
            logger.exception("part.failed", key=key)
            self._failed[key] = error
            return otherwise
