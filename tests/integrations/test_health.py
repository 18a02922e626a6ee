"""Whether this installation is fit to work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from integrations import health, ticks
from integrations.models import Tick

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("beat", "word"),
    [(None, "heartbeat"), (timedelta(seconds=121), "heartbeat"), (timedelta(seconds=120), ""), (timedelta(0), "")],
    ids=["never", "too old", "just in time", "now"],
)
def test_heartbeat(db: None, beat: timedelta | None, word: str) -> None:
    Tick.objects.create(name="heartbeat", finished_at=None if beat is None else AT - beat)

    problems = health.problems(at=AT)

    assert (len(problems), word in "".join(problems)) == (bool(word), True)


def test_database_that_is_not_migrated(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, targets: [("a migration", False)])

    assert health.problems(at=AT) == ["the database is not migrated: run manage.py migrate"]


def test_database_that_does_not_answer(db: None) -> None:
    def fail(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        raise OperationalError("gone: password=hunter2")

    with connection.execute_wrapper(fail):
        problems = health.problems(at=AT)

    assert problems == ["the database does not answer"]


def test_heartbeat_is_the_one_that_the_cluster_shows(db: None) -> None:
    with ticks.running("deliver"):
        pass

    assert len(health.problems(at=AT)) == 1
