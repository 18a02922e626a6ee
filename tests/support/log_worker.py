"""`python -m tests.support.log_worker LOG`: workers on the activity logs that are struck down again and again, until all is read.

Each is forked from this process, which has everything imported and no connection open. Each kill is a line in LOG.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import django

django.setup()

from django.urls import reverse  # noqa: E402

from lifecycle import log  # noqa: E402
from lifecycle.models import LogSync  # noqa: E402
from lifecycle.services import feeds, syncs  # noqa: E402
from tests.support.mortal import outlives  # noqa: E402

FIRST_LIFE, LONGER_EACH_TIME = 0.15, 1.3
"""Seconds until a worker is killed: each lives longer than the one before, so that the work ends on a slow machine too."""


def work() -> None:
    """Until all syncs came to their end."""
    feeds.PAGE, syncs.BATCH, log.LEASE_SECONDS = 100, 50, 0
    while LogSync.objects.filter(state=LogSync.State.RUNNING).exists():
        log.work(seconds=60)


def main(path: str) -> None:
    """Until a worker ends by itself."""
    # The first `reverse` imports every view, for longer than a worker lives here.
    reverse("admin:index")
    life = FIRST_LIFE
    while not outlives(life, work):
        life *= random.uniform(1, 2 * LONGER_EACH_TIME - 1)
        with Path(path).open("a") as kills:
            kills.write("killed\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
