"""What goes on beside a test, in threads that end with their block."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from types import TracebackType

from django.db import connection


class Helper(ABC, threading.Thread):
    """A thread that works for the length of a `with` block. What it fails with is raised at the block's end."""

    def __init__(self) -> None:
        super().__init__(daemon=True, name=type(self).__name__)
        self.stopped = threading.Event()
        self.is_over = False
        self._error: BaseException | None = None

    @abstractmethod
    def work(self) -> None:
        """Do it, until all is done or `stopped` is set."""

    def run(self) -> None:
        """Work, and leave no database connection behind."""
        try:
            self.work()
        except BaseException as error:
            self._error = error
        finally:
            connection.close()
            self.is_over = True

    def check(self) -> None:
        """Raises what it failed with."""
        if self._error is not None:
            raise self._error

    def __enter__(self) -> None:
        self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self.join()
        if error is None:
            self.check()
