"""`python -m tests.chaos.sweeper AT LOG`: sweeps of what is due at AT (epoch seconds) that are struck down again and again.

Each is forked from this process, which has everything imported, the addresses that issues name among it, and no connection
open. It ends when a sweep comes to its own end; each kill is a line in LOG.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import django

django.setup()

from django.urls import reverse  # noqa: E402

from tracking import stalled  # noqa: E402

BATCH = 20
LONGEST_LIFE = 0.15
"""Seconds until a sweep is killed at the latest: some batches."""


def sweep_and_die(at: datetime) -> bool:
    """Whether a sweep came to its end before its time was over."""
    pid = os.fork()
    if pid == 0:
        stalled.BATCH = BATCH
        stalled.sweep(at=at)
        os._exit(0)
    deadline = time.monotonic() + random.uniform(0.02, LONGEST_LIFE)
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def main(at: str, log: str) -> None:
    """Sweep until one sweep ends."""
    # The first `reverse` imports every view, for longer than a sweep lives here: no batch would ever be done.
    reverse("admin:index")
    while not sweep_and_die(datetime.fromtimestamp(float(at), UTC)):
        with Path(log).open("a") as kills:
            kills.write("killed\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
