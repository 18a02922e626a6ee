"""Workers that start together: each gets ready, waits for the word, works, and stays until it was measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from benchmarks.databases import Server
from benchmarks.environment import ROOT
from benchmarks.machine import cpu_of_family, peak_memory_of_family

READY, GO, DONE, END = "ready", "go", "done", "end"


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run did. CPU in seconds per 1,000 events; memory is the largest worker's peak, in MB."""

    events: int
    seconds: float
    client_cpu: float
    database_cpu: float
    memory: float

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds

    @property
    def cpu(self) -> float:
        """Client and database together."""
        return self.client_cpu + self.database_cpu


def take_part(work: Callable[[], int]) -> None:
    """The worker's side: say that everything is ready, `work` at the word, say how many events it did, stay until measured."""
    print(READY, flush=True)
    _expect(sys.stdin.readline(), GO)
    print(DONE, work(), flush=True)
    _expect(sys.stdin.readline(), END)


def measure(
    commands: Sequence[Sequence[str]], env: Mapping[str, str], server: Server, database: str, *, events: int
) -> Figures:
    """Run one worker per command (a module and its arguments), all at once, and measure them from word to last answer.

    Starting Python and importing is left out. CPU of the database is that of its backends: workers stay connected until it was
    read, so none of it is lost. Raises `RuntimeError` if not exactly `events` were done.
    """
    workers = [_start(command, env) for command in commands]
    try:
        for worker in workers:
            _expect(_line(worker), READY)
        cpu_before, database_before = [cpu_of_family(worker.pid) for worker in workers], server.cpu(database)
        began = time.perf_counter()
        for worker in workers:
            _say(worker, GO)
        done = sum(_done(_line(worker)) for worker in workers)
        seconds = time.perf_counter() - began
        client = sum(cpu_of_family(worker.pid) for worker in workers) - sum(cpu_before)
        backends = server.cpu(database) - database_before
        memory = max(peak_memory_of_family(worker.pid) for worker in workers)
        for worker in workers:
            _say(worker, END)
        for worker in workers:
            worker.wait(30)
    finally:
        for worker in workers:
            _kill(worker)
    if done != events:
        raise RuntimeError(f"{done} events were done instead of {events}: {commands[0]}")
    return Figures(events, seconds, client / events * 1000, backends / events * 1000, memory)


def _start(command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _line(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def _say(worker: subprocess.Popen[str], word: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(word + "\n")
    worker.stdin.flush()


def _done(line: str) -> int:
    word, _, count = line.partition(" ")
    _expect(word, DONE)
    return int(count)


def _expect(line: str, word: str) -> None:
    if line.strip() != word:
        raise RuntimeError(f"expected {word!r}, got {line!r}")


def _kill(worker: subprocess.Popen[str]) -> None:
    """End a worker and its children: each is in a session of its own."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
