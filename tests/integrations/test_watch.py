"""The watchdog: when a cluster counts as standing still, and that it really is started anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django_q.models import OrmQ
from django_q.tasks import async_task

from integrations import watch
from integrations.models import Tick
from tests.support.processes import end_marked, marked, parent
from tests.support.waiting import PATIENCE, wait_for

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

TROUBLE = [
    # started, last heartbeat, oldest untaken task -> what is said
    ("just started", 0, None, None, ""),
    ("starting", 2, None, None, ""),
    ("never a heartbeat", 3, None, None, "no heartbeat for 180 s"),
    ("heartbeat", 60, 1, None, ""),
    ("heartbeat two minutes ago", 60, 2, None, ""),
    ("heartbeat stopped", 60, 3, None, "no heartbeat for 180 s"),
    ("heartbeat of the cluster before", 1, 60, None, ""),
    ("queue flows", 60, 0, 9, ""),
    ("queue stands still", 60, 0, 11, "queued tasks are not taken up"),
    ("queue stood still before", 9, 0, 60, ""),
]


@pytest.mark.parametrize(
    ("started", "beat", "queued", "said"), [row[1:] for row in TROUBLE], ids=[str(row[0]) for row in TROUBLE]
)
def test_trouble(db: None, started: int, beat: int | None, queued: int | None, said: str) -> None:
    Tick.objects.create(name="heartbeat", finished_at=None if beat is None else AT - beat * MINUTE)
    if queued is not None:
        OrmQ.objects.create(key="tidings", payload="", lock=AT - queued * MINUTE)

    assert watch.trouble(started_at=AT - started * MINUTE, at=AT) == said


def test_a_task_that_is_being_worked_on_is_not_untaken(db: None) -> None:
    """django-q2 sets the lock of a task that is taken to when it may be taken again."""
    Tick.objects.create(name="heartbeat", finished_at=AT)
    OrmQ.objects.create(key="tidings", payload="", lock=AT + 5 * MINUTE)

    assert watch.trouble(started_at=AT - 60 * MINUTE, at=AT) == ""


def test_a_silence_of_more_than_a_day_is_said_in_full(db: None) -> None:
    said = watch.trouble(started_at=AT - timedelta(days=1, seconds=5), at=AT)

    assert said == "no heartbeat for 86405 s"


@dataclass
class StandIn:
    """A cluster that can be looked at."""

    process: Any
    started_at: datetime
    stopped: int = 0
    started: ClassVar[list[StandIn]] = []

    @classmethod
    def start(cls) -> StandIn:
        """One more."""
        cls.started.append(cls(process=StillRunning(), started_at=AT))
        return cls.started[-1]

    def stop(self, seconds: float = watch.STOP_SECONDS) -> None:
        """Count."""
        self.stopped += 1


@dataclass
class StillRunning:
    """A process that has not ended."""

    returncode: int | None = None
    ended: list[int] = field(default_factory=list)

    def poll(self) -> int | None:
        """It has not ended."""
        return self.returncode


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> list[StandIn]:
    """Clusters that were started, none of them real."""
    monkeypatch.setattr(watch, "Cluster", StandIn)
    StandIn.started = []
    return StandIn.started


class Looks(threading.Event):
    """Asks to stop after that many looks."""

    def __init__(self, how_many: int) -> None:
        super().__init__()
        self.left = how_many

    def wait(self, timeout: float | None = None) -> bool:
        """At once."""
        self.left -= 1
        return self.left < 0


def test_what_stands_still_is_stopped_before_another_is_started(
    clusters: list[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = iter(["", "no heartbeat for 180 s", ""])
    monkeypatch.setattr(watch, "trouble", lambda **more: next(reasons))

    watch.watch(Looks(3))

    assert [each.stopped for each in clusters] == [1, 1]


def test_database_in_trouble_is_no_reason_to_restart(clusters: list[StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**more: Any) -> str:
        raise OperationalError

    monkeypatch.setattr(watch, "trouble", fail)
    monkeypatch.setattr(connection, "close", lambda: None)

    watch.watch(Looks(3))

    assert [each.stopped for each in clusters] == [1]


def test_the_cluster_is_stopped_when_the_watchdog_itself_fails(
    clusters: list[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**more: Any) -> str:
        raise RuntimeError

    monkeypatch.setattr(watch, "trouble", fail)

    with pytest.raises(RuntimeError):
        watch.watch(Looks(3))

    assert [each.stopped for each in clusters] == [1]


def test_a_new_cluster_finds_work_in_its_queue(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the one before had taken from it may be lost, and schedules are looked at after half a minute only."""
    monkeypatch.setattr(subprocess, "Popen", lambda *command, **more: StillRunning())

    watch.Cluster.start()

    asked = [queued.func().rpartition(".")[2] for queued in OrmQ.objects.order_by("pk")]
    assert asked == ["heartbeat", "handle_inbound", "deliver"]


@pytest.fixture
def watchdog(transactional_db: None) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A real watchdog with a real cluster; nothing of them outlives the test."""
    call_command("sync_schedules", verbosity=0)
    mark = f"TIDINGS_TEST_MARK={uuid.uuid4()}"
    environment = {**os.environ, **dict([mark.split("=")]), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "manage.py", "watch_cluster"]
    process = subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process, mark
    finally:
        process.kill()
        process.wait()
        end_marked(mark)


def beats() -> datetime | None:
    """The newest heartbeat."""
    return Tick.objects.values_list("finished_at", flat=True).get(name="heartbeat")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_a_killed_cluster_is_started_anew_and_sigterm_ends_everything(
    watchdog: tuple[subprocess.Popen[bytes], str],
) -> None:
    process, mark = watchdog
    wait_for(beats, "the first heartbeat")

    def mains() -> list[int]:
        """Main processes of clusters: the watchdog's children."""
        return [pid for pid in marked(mark) if parent(pid) == process.pid]

    (first,) = mains()
    os.kill(first, signal.SIGKILL)
    second = wait_for(lambda: [pid for pid in mains() if pid != first], "another cluster")
    Tick.objects.filter(name="heartbeat").update(finished_at=None)
    async_task("integrations.tasks.heartbeat")
    wait_for(beats, "a heartbeat of the other cluster")
    assert len(second) == 1
    assert [pid for pid in marked(mark) if os.getsid(pid) == first] == []

    process.terminate()

    assert process.wait(PATIENCE) == 0
    assert marked(mark) == {}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux to end the cluster with its parent")
def test_no_cluster_outlives_a_watchdog_that_was_killed(watchdog: tuple[subprocess.Popen[bytes], str]) -> None:
    process, mark = watchdog
    wait_for(beats, "the first heartbeat")

    process.kill()
    process.wait()

    wait_for(lambda: not marked(mark), "the end of the cluster")
