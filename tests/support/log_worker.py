"""`python -m tests.support.log_worker LOG`: workers on the activity logs that are struck down again and again, until all is read.

Each is forked from this process, which has everything imported and no connection open. Each kill is a line in LOG.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import django

django.setup()

from django.urls import reverse  # noqa: E402

from lifecycle import log  # noqa: E402
from lifecycle.models import LogSync  # noqa: E402
from lifecycle.services import feeds, syncs  # noqa: E402

FIRST_LIFE, LONGER_EACH_TIME = 0.15, 1.3
"""Seconds until a worker is killed: each lives longer than the one before, so that the work ends on a slow machine too."""


def work_and_die(life: float) -> bool:
    """Whether all syncs came to their end before the worker's time was over."""
    pid = os.fork()
    if pid == 0:
        feeds.PAGE, syncs.BATCH, log.LEASE_SECONDS = 100, 50, 0
        while LogSync.objects.filter(state=LogSync.State.RUNNING).exists():
            log.work(seconds=60)
        os._exit(0)
    deadline = time.monotonic() + life
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def main(path: str) -> None:
    """Until a worker ends by itself."""
    # The first `reverse` imports every view, for longer than a worker lives here.
    reverse("admin:index")
    life = FIRST_LIFE
    while not work_and_die(life):
        life *= random.uniform(1, 2 * LONGER_EACH_TIME - 1)
        with Path(path).open("a") as kills:
            kills.write("killed\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
