"""`python -m tests.chaos.sweeper AT LOG`: sweeps of what is due at AT (epoch seconds) that are struck down again and again.

Each is forked from this process, which has everything imported, the addresses that issues name among it, and no connection
open. It ends when a sweep comes to its own end; each kill is a line in LOG.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime
from pathlib import Path

import django

django.setup()

from django.urls import reverse  # noqa: E402

from tests.support.mortal import outlives  # noqa: E402
from tracking import stalled  # noqa: E402

BATCH = 20
LONGEST_LIFE = 0.15
"""Seconds until a sweep is killed at the latest: some batches."""


def sweep_and_die(at: datetime) -> bool:
    """Whether a sweep came to its end before its time was over."""

    def sweep() -> None:
        stalled.BATCH = BATCH
        stalled.sweep(at=at)

    return outlives(random.uniform(0.02, LONGEST_LIFE), sweep)


def main(at: str, log: str) -> None:
    """Sweep until one sweep ends."""
    # The first `reverse` imports every view, for longer than a sweep lives here: no batch would ever be done.
    reverse("admin:index")
    while not sweep_and_die(datetime.fromtimestamp(float(at), UTC)):
        with Path(log).open("a") as kills:
            kills.write("killed\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
