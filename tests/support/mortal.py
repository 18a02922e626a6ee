"""Work that is struck down in the middle: `kill -9`, as a machine that runs out of memory does it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

LOOK_EVERY = 0.005


def outlives(seconds: float, work: Callable[[], None]) -> bool:
    """Whether `work`, in a process forked from this one, came to its end within so many seconds. Else it was killed."""
    pid = os.fork()
    if pid == 0:
        random.seed()
        work()
        os._exit(0)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(LOOK_EVERY)  # polling
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
