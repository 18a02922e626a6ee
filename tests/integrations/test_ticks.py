"""Ticks: when each kind last ran."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils.module_loading import import_string
from django_q.models import Failure, OrmQ, Schedule

from config.schedules import SCHEDULES
from integrations import tasks, ticks
from integrations.models import Tick

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_a_tick_notes_its_beginning_and_its_end_and_answers_the_hint(db: None) -> None:
    Tick.objects.create(name="deliver", wanted_at=AT)

    with time_machine.travel(AT, tick=False) as clock, ticks.running("deliver"):
        assert Tick.objects.get().wanted_at is None
        clock.shift(timedelta(seconds=40))

    tick = Tick.objects.get()
    assert (tick.started_at, tick.finished_at) == (AT, AT + timedelta(seconds=40))


def test_a_tick_that_fails_has_not_ended(db: None) -> None:
    Tick.objects.create(name="deliver", finished_at=AT)

    with pytest.raises(ticks.TickFailed), ticks.running("deliver"):
        raise RuntimeError

    assert ticks.last_finished("deliver") == AT


def test_a_tick_that_was_never_heard_of_gets_its_row(db: None) -> None:
    assert ticks.last_finished("heartbeat") is None

    tasks.heartbeat()

    assert ticks.last_finished("heartbeat") is not None


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_scheduled_tick_runs_without_arguments_and_says_so(db: None, name: str) -> None:
    import_string(SCHEDULES[name][0])()

    assert ticks.last_finished(name) is not None
    assert not OrmQ.objects.exists()
    assert not Failure.objects.exists()
    assert not Schedule.objects.exists()


def test_a_task_is_taken_again_only_long_after_it_must_have_ended() -> None:
    cluster = settings.Q_CLUSTER

    assert cluster["retry"] >= 3 * cluster["timeout"] + 60
    assert cluster["timeout"] >= tasks.SECONDS + 10
    assert (cluster["max_attempts"], cluster["ack_failures"], cluster["catch_up"]) == (1, True, False)
