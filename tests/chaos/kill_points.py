"""Places in a worker's work at which it can be killed, armed from outside. The product knows nothing of them.

They are set by wrapping three of its functions and the commit of a transaction. A step counts only if it wrote something.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from integrations import inbound
from integrations.delivery import claim, settle
from integrations.destinations.klaviyo.client import KlaviyoSession

Function = Callable[..., Any]
FunctionT = TypeVar("FunctionT", bound=Function)

STEPS: dict[str, Function] = {"claim": claim.take, "settlement": settle.settle, "message": inbound.handle}
"""What is written in one transaction, and by which function."""

REQUESTS = ("send_one", "send_bulk")
"""Methods of a session that make a request."""

ANSWERED = "answer not settled"
CHANCES = {
    "claim not committed": 0.4,
    "claim committed": 0.4,
    ANSWERED: 0.06,
    "settlement not committed": 0.12,
    "settlement committed": 0.12,
    "message not committed": 0.2,
    "message committed": 0.2,
}
"""Every label, and how likely a worker that is armed with it dies each time that it gets there."""

ARMED_AFTER = 10.0
"""Seconds that a worker lives at least: work must get done between the deaths, on a fast machine too."""

FROM_OUTSIDE = "from outside"
WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")


@dataclass(frozen=True, slots=True)
class KillLog:
    """The deaths of all workers, one line each: appended by the one that is about to die, so nothing is lost or mixed."""

    path: Path

    def add(self, label: str) -> None:
        """Note a death."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(descriptor, f"{label}\n".encode())
        os.close(descriptor)

    def labels(self) -> list[str]:
        """The labels so far, oldest first."""
        return self.path.read_text().splitlines() if self.path.exists() else []


@dataclass(slots=True)
class Step:
    """A step on its way through the database."""

    name: str
    wrote: bool = False


_step: ContextVar[Step | None] = ContextVar("step", default=None)


@dataclass(frozen=True, slots=True)
class Doom:
    """At which place this worker is to die, and not before which instant (of `time.monotonic`)."""

    label: str
    not_before: float
    log: KillLog

    def reached(self, label: str) -> None:
        """Die here, if this is the place and chance will have it."""
        if label == self.label and time.monotonic() > self.not_before and random.random() < CHANCES[label]:
            self.log.add(label)
            os.kill(os.getpid(), signal.SIGKILL)


def install(doom: Doom) -> None:
    """Set the places in this process."""
    for name, function in STEPS.items():
        _replace(function, _watched(function, name, doom))
    for method in REQUESTS:
        setattr(KlaviyoSession, method, _answered(getattr(KlaviyoSession, method), doom))
    commit = BaseDatabaseWrapper.commit

    def watched_commit(self: BaseDatabaseWrapper) -> None:
        step = _step.get()
        if step is not None and step.wrote:
            doom.reached(f"{step.name} not committed")
        commit(self)

    BaseDatabaseWrapper.commit = watched_commit  # type: ignore[method-assign]


def _watched(function: FunctionT, name: str, doom: Doom) -> Function:
    def watched(*args: Any, **more: Any) -> Any:
        step = Step(name)

        def note(execute: Function, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            step.wrote = step.wrote or sql.lstrip().startswith(WRITES)
            return execute(sql, params, many, context)

        token = _step.set(step)
        try:
            with connection.execute_wrapper(note):
                result = function(*args, **more)
        finally:
            _step.reset(token)
        if step.wrote:
            doom.reached(f"{name} committed")
        return result

    return watched


def _answered(method: Function, doom: Doom) -> Function:
    """An answer, or a failure that is an answer too, is in the worker's hands and in nobody else's."""

    def answered(*args: Any, **more: Any) -> Any:
        try:
            return method(*args, **more)
        finally:
            doom.reached(ANSWERED)

    return answered


def _replace(function: Function, by: Function) -> None:
    """Put another function in its place in every module of the product that imported it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("integrations."):
            for attribute in [each for each, value in vars(module).items() if value is function]:
                setattr(module, attribute, by)
