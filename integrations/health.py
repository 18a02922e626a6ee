"""Whether this installation is fit to work."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from integrations import ticks

HEARTBEAT_OLDEST = timedelta(seconds=120)


def problems(*, at: datetime) -> list[str]:
    """What is wrong, in plain words; empty when nothing."""
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return ["the database is not migrated: run manage.py migrate"]
        beat = ticks.last_finished("heartbeat")
    except DatabaseError:
        return ["the database does not answer"]
    if beat is None or at - beat > HEARTBEAT_OLDEST:
        return ["no worker has shown a heartbeat for two minutes: is manage.py watch_cluster running?"]
    return []
