"""How large the tests of this folder are: CHAOS=full, else short."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """Events to deliver, kills at each labelled place, restarts of the database, webhooks, times the disk is full, orders
    (and as many parcels) that stall, how many times each process of a cluster is killed and frozen (0: the nastiest three cases
    once), and entries of a log that is synced from its beginning, by workers that live for so many seconds.
    """

    events: int
    kills_each: int
    restarts: int
    hooks: int
    full_disks: int
    stalled: int
    rounds: int
    entries: int
    life: float
    patience: float
    """Seconds until a run that does not end has failed."""


SHORT = Form(
    events=2_000,
    kills_each=2,
    restarts=2,
    hooks=1_000,
    full_disks=3,
    stalled=500,
    rounds=0,
    entries=6_000,
    life=2.0,
    patience=420,
)
FULL = Form(
    events=20_000,
    kills_each=15,
    restarts=5,
    hooks=1_000,
    full_disks=3,
    stalled=5_000,
    rounds=4,
    entries=200_000,
    life=15.0,
    patience=2_400,
)
FORM = FULL if os.environ.get("CHAOS") == "full" else SHORT
