"""Web servers for the time of a measurement."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from benchmarks.environment import ROOT, environment

GUNICORN = ("gunicorn", "-c", "python:config.gunicorn")
"""The product, as it is run."""

PLAIN_GUNICORN = (*GUNICORN, "-k", "gthread")
"""The same server for an application that follows; our class of worker knows the product."""


@contextmanager
def serving(
    command: Sequence[str], url: str, changes: Mapping[str, str], *, processes: int = 2
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A web server on a database, with four threads in each process, for the time of a `with` block; gives it and its port.

    `changes` are of its environment.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = {"WEB_BIND": f"127.0.0.1:{port}", "UVICORN_PORT": str(port)}
    env = environment(url, WEB_PROCESSES=str(processes), WEB_THREADS="4", **where, **changes)
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=env, start_new_session=True)
    try:
        _wait_for(port, process)
        yield process, port
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server does not answer: {process.args!r}")
