"""The product's settings with a django-q2 that is tuned for one task per event: what made it quick when it was measured."""

from __future__ import annotations

import os

from config.settings import *  # noqa: F403

Q_CLUSTER = {
    "name": "bench",
    "orm": "default",
    "workers": int(os.environ.get("BENCH_QUEUE_WORKERS", "1")),
    "timeout": 60,
    "retry": 300,
    "queue_limit": 200,
    "bulk": 50,
    "save_limit": -1,
    "recycle": 100_000,
    "poll": 0.2,
    "max_attempts": 1,
    "catch_up": False,
}
