"""`python -m tests.chaos.worker`: workers that die at labelled places and by `kill -9` from outside, and are replaced at once.

Each worker is a process of its own that does what `manage.py deliver --forever` does. They are forked from this one, which has
everything imported and no connection open, so a new one costs milliseconds.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from tests.chaos import haste, kill_points  # noqa: E402
from tests.chaos.kill_points import FROM_OUTSIDE, Doom, KillLog  # noqa: E402

LOOK_EVERY = 0.02
STOP_SECONDS = 60


class Workers:
    """Keeps `count` workers at work until SIGTERM. Each is armed with the label that has killed least so far.

    `outside_every`: seconds between two kills from outside, on the average.
    """

    def __init__(self, count: int, outside_every: float, log: KillLog) -> None:
        self._count = count
        self._outside_every = outside_every
        self._log = log
        self._running: set[int] = set()
        self._is_stopped = False

    def run(self) -> None:
        """Until SIGTERM, then let the workers finish."""
        signal.signal(signal.SIGTERM, self._stop)
        kill_at = self._next_kill()
        while not self._is_stopped:
            self._bury()
            while len(self._running) < self._count:
                self._running.add(self._fork())
            if time.monotonic() >= kill_at:
                self._kill(random.choice(sorted(self._running)))
                kill_at = self._next_kill()
            time.sleep(LOOK_EVERY)
        for pid in self._running:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self._running and time.monotonic() < deadline:
            self._bury()
            time.sleep(LOOK_EVERY)

    def _stop(self, *_: object) -> None:
        self._is_stopped = True

    def _next_kill(self) -> float:
        return time.monotonic() + random.uniform(0.5, 1.5) * self._outside_every

    def _kill(self, pid: int) -> None:
        self._log.add(FROM_OUTSIDE)
        os.kill(pid, signal.SIGKILL)

    def _bury(self) -> None:
        """Take note of those that ended. One that ended otherwise than by being killed is a finding of its own."""
        for pid in list(self._running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._running.remove(pid)
                if os.waitstatus_to_exitcode(status) not in (0, -signal.SIGKILL):
                    self._log.add(f"ended by itself: {os.waitstatus_to_exitcode(status)}")

    def _fork(self) -> int:
        kills = Counter(self._log.labels())
        label = min(kill_points.CHANCES, key=lambda each: (kills[each], random.random()))
        pid = os.fork()
        if pid == 0:
            os._exit(self._work(label))
        return pid

    def _work(self, label: str) -> int:
        random.seed()
        kill_points.install(Doom(label, time.monotonic() + kill_points.ARMED_AFTER, self._log))
        try:
            call_command("deliver", forever=True)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            return 1
        return 0


def main() -> None:
    """Read the options and run."""
    parser = ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--outside-every", type=float, required=True, metavar="SECONDS")
    parser.add_argument("--log", type=Path, required=True)
    options = parser.parse_args()
    haste.hasten()
    Workers(options.count, options.outside_every, KillLog(options.log)).run()


if __name__ == "__main__":
    main()
