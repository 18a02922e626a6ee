"""The watchdog: starts the cluster as its child, and starts it anew when it stands still.

One killed worker can stop a whole django-q2 cluster while it looks alive (django-q2 issues 23, 200), so its word is not taken:
what counts is that ticks end and queued tasks are taken up.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from integrations import ticks
from integrations.health import HEARTBEAT_OLDEST

QUEUED_OLDEST = timedelta(minutes=10)
LOOK_EVERY = 2.0
STOP_SECONDS = 20
STANDING_STILL_SECONDS = 10
"""What a cluster that stands still is given to end: it hardly ever does, and deliveries wait meanwhile."""

AT_ONCE = ("heartbeat", "handle_inbound", "deliver")
"""Ticks that a new cluster runs first: its schedules are looked at after half a minute only, and what the one before had taken
from the queue is lost.
"""

PR_SET_PDEATHSIG = 1
"""Of Linux's prctl(2): the signal that a process gets when its parent ends."""

logger = structlog.get_logger(__name__)


def trouble(*, started_at: datetime, at: datetime) -> str:
    """Why a cluster that was started at `started_at` is to be started anew; "" while all is well."""
    beat = max(ticks.last_finished("heartbeat") or started_at, started_at)
    if at - beat > HEARTBEAT_OLDEST:
        return f"no heartbeat for {(at - beat).total_seconds():.0f} s"
    queued = OrmQ.objects.filter(lock__lt=at - QUEUED_OLDEST).exists()
    if queued and at - started_at > QUEUED_OLDEST:
        return "queued tasks are not taken up"
    return ""


@dataclass(slots=True)
class Cluster:
    """A `qcluster` process and its children, in a session of their own so that all of them can be ended."""

    process: subprocess.Popen[bytes]
    started_at: datetime

    @classmethod
    def start(cls) -> Cluster:
        """Start one with this interpreter and this environment."""
        command = [sys.executable, "manage.py", "qcluster"]
        # preexec_fn is safe here: the watchdog has one thread.
        process = subprocess.Popen(command, start_new_session=True, preexec_fn=_end_with_parent)  # noqa: S603
        _ask_at_once()
        return cls(process, timezone.now())

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask the main process to end, then end the whole session. A group-wide SIGTERM would hang it (issue 346)."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                logger.warning("cluster.killed", pid=self.process.pid)
        self._end_session()
        self.process.wait()

    def _end_session(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _end_with_parent() -> None:
    """In the child: ask Linux for a SIGTERM when the watchdog is gone, so that no cluster runs on that nobody watches."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _ask_at_once() -> None:
    try:
        for name in AT_ONCE:
            async_task(f"integrations.tasks.{name}")
    except DatabaseError as error:
        logger.warning("watch.database", error=type(error).__name__)


def watch(stopped: threading.Event) -> None:
    """Keep a cluster running until `stopped` is set."""
    cluster = Cluster.start()
    try:
        while not stopped.wait(LOOK_EVERY):
            reason = _reason_to_restart(cluster)
            if reason:
                logger.error("cluster.restarted", reason=reason)
                cluster.stop(STANDING_STILL_SECONDS)
                cluster = Cluster.start()
    finally:
        cluster.stop()


def _reason_to_restart(cluster: Cluster) -> str:
    if cluster.process.poll() is not None:
        return f"it ended with status {cluster.process.returncode}"
    try:
        return trouble(started_at=cluster.started_at, at=timezone.now())
    except DatabaseError as error:
        connection.close()
        logger.warning("watch.database", error=type(error).__name__)
        return ""
