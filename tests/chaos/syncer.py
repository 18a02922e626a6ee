"""`python -m tests.chaos.syncer LOG LIFE`: workers on an initial sync that are struck down again and again, until all is sent.

Each reads, parses and delivers in turn, and lives for LIFE seconds or so. They are forked from this process, which has everything
imported and no connection open. Each kill is a line in LOG.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import django

django.setup()

from django.urls import reverse  # noqa: E402

from integrations.delivery.engine import Engine  # noqa: E402
from integrations.models import Delivery  # noqa: E402
from lifecycle import log  # noqa: E402
from lifecycle.models import LogSync  # noqa: E402
from tests.chaos import haste  # noqa: E402
from tests.support.mortal import outlives  # noqa: E402

TURN = 0.7
"""Seconds for which a step goes on before it is the other's turn."""

LEASE_SECONDS = 1
"""For which a dead worker's log stands still: shorter than in the product, for more kills in less time."""


def work() -> None:
    """Both steps until nothing is left."""
    log.LEASE_SECONDS = LEASE_SECONDS
    while True:
        log.work(seconds=TURN)
        Engine().run(seconds=TURN)
        is_open = LogSync.objects.filter(state=LogSync.State.RUNNING).exists()
        if not (is_open or Delivery.objects.exclude(state=Delivery.State.SENT).exists()):
            return


def main(path: str, life: str) -> None:
    """Until a worker ends by itself."""
    haste.hasten()
    # The first `reverse` imports every view.
    reverse("admin:index")
    while not outlives(random.uniform(0.5, 1.5) * float(life), work):
        with Path(path).open("a") as kills:
            kills.write("killed\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
