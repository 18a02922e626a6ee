"""Hints: one queued task for any number of them, and none for what was taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import structlog
import time_machine
from django.db import DatabaseError, transaction
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from integrations import ticks, wake
from integrations.models import Tick
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def known_ticks(transactional_db: None) -> None:
    """The rows that `sync_schedules` makes."""
    Tick.objects.bulk_create(Tick(name=name) for name in wake.TASKS)


def opened(row: OrmQ) -> dict[str, Any]:
    """A queued task."""
    package: dict[str, Any] = SignedPackage.loads(row.payload)
    return package


def queued() -> list[str]:
    """The tasks that wait in the queue."""
    return [opened(row)["func"] for row in OrmQ.objects.order_by("id")]


def test_many_hints_are_one_task_of_each_kind() -> None:
    for _ in range(5):
        wake.ask(wake.DELIVER)
        wake.ask(wake.HANDLE_INBOUND)

    assert queued() == ["integrations.tasks.deliver", "integrations.tasks.handle_inbound"]


def test_a_tick_that_began_may_be_asked_for_again() -> None:
    wake.ask(wake.DELIVER)
    with ticks.running(wake.DELIVER):
        wake.ask(wake.DELIVER)

    assert len(queued()) == 2


@pytest.mark.parametrize(("seconds", "tasks"), [(19, 1), (21, 2)])
def test_a_hint_that_nobody_took_up_is_lost_after_20_seconds(seconds: int, tasks: int) -> None:
    wake.ask(wake.DELIVER)

    with time_machine.travel(timezone.now() + timedelta(seconds=seconds)):
        wake.ask(wake.DELIVER)

    assert len(queued()) == tasks


def test_a_hint_waits_for_the_commit() -> None:
    with transaction.atomic():
        wake.after_commit(wake.DELIVER)
        assert queued() == []

    assert len(queued()) == 1


def test_what_is_rolled_back_asks_for_nothing() -> None:
    def ask_and_fail() -> None:
        with transaction.atomic():
            wake.after_commit(wake.DELIVER)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ask_and_fail()

    assert queued() == []
    assert Tick.objects.get(name=wake.DELIVER).wanted_at is None


def test_held_hints_are_given_once_at_the_end_even_if_it_is_a_bad_one() -> None:
    def work() -> None:
        for _ in range(3):
            with transaction.atomic():
                wake.after_commit(wake.DELIVER)
        assert queued() == []
        raise DatabaseError

    with pytest.raises(DatabaseError), wake.held():
        work()

    assert len(queued()) == 1


def test_a_failure_to_ask_fails_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **more: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(wake, "async_task", fail)

    with structlog.testing.capture_logs() as logs, transaction.atomic():
        Tick.objects.create(name="kept")
        wake.after_commit(wake.DELIVER)

    assert Tick.objects.filter(name="kept").exists()
    assert [(log["event"], log["tick"]) for log in logs] == [("wake.failed", "deliver")]


def test_hints_of_a_whole_process_are_few_and_the_last_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(wake, "_ask", asked.append)
    monkeypatch.setattr(wake, "_collector", wake.Collector())

    wake.ask(wake.HANDLE_INBOUND)
    wait_for(lambda: asked, "the first hint")
    for _ in range(500):
        wake.ask(wake.DELIVER)
    wait_for(lambda: wake.DELIVER in asked, "the later hints")

    assert asked[0] == wake.HANDLE_INBOUND
    assert asked.count(wake.DELIVER) < 10


def test_a_hint_that_fails_ends_no_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(name: str) -> None:
        asked.append(name)
        if len(asked) == 1:
            raise RuntimeError

    monkeypatch.setattr(wake, "_ask", ask)
    collector = wake.Collector()
    collector.add(wake.DELIVER)
    wait_for(lambda: asked, "the first hint")
    collector.add(wake.DELIVER)

    assert wait_for(lambda: asked == [wake.DELIVER] * 2, "the second hint")


def test_tasks_carry_no_arguments_and_their_names_are_frozen() -> None:
    """Queued tasks carry them across deploys."""
    wake.ask(wake.DELIVER)

    package = opened(OrmQ.objects.get())

    assert (package["args"], package["kwargs"]) == ((), {})
    assert wake.TASKS == {
        "handle_inbound": "integrations.tasks.handle_inbound",
        "deliver": "integrations.tasks.deliver",
        "read_log": "lifecycle.tasks.read_log",
        "run_campaigns": "loyalty.tasks.run_campaigns",
    }
