"""Ours: the delivery engine, as a worker runs it."""

from __future__ import annotations

import django

django.setup()

from django.db import connection  # noqa: E402

from benchmarks.processes import take_part  # noqa: E402
from integrations.delivery.engine import Engine  # noqa: E402

SECONDS = 600

if __name__ == "__main__":
    connection.ensure_connection()
    take_part(lambda: Engine().run(seconds=SECONDS).sent)
