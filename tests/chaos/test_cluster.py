"""Each process of a django-q2 cluster is killed and frozen in turn: with the watchdog, delivery goes on within 150 seconds."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from integrations.models import Delivery, Tick
from tests.chaos.audit import Figures
from tests.chaos.form import FORM
from tests.chaos.load import receive_order
from tests.chaos.processes import START_SECONDS, Processes
from tests.support.processes import parent
from tests.support.waiting import wait_for
from tests.support.world import Shop, World

AT_MOST = 150
"""Seconds that an event may wait, whatever happened to the cluster."""

PROBES, PROBE_EVERY = 15, 2.0
"""After the blow so many orders come in, so many seconds apart: a cluster that works on for a moment is found out."""

GIVE_UP_AFTER = 240
BUSY_SECONDS = 25
"""How long the request hangs that keeps a worker busy: shorter than the client's patience."""

BLOWS = {"killed": signal.SIGKILL, "frozen": signal.SIGSTOP}
VICTIMS = ("main process", "guard", "monitor", "pusher", "idle worker with the lock", "busy worker")
NASTIEST = [("idle worker with the lock", "killed"), ("guard", "frozen"), ("pusher", "frozen")]
CASES = [(victim, blow) for victim in VICTIMS for blow in BLOWS] * FORM.rounds or NASTIEST

SAID = {"monitor": r"monitoring at (\d+)", "pusher": r"pushing tasks at (\d+)", "worker": r"ready for work at (\d+)"}
"""How django-q2's processes tell in the log who they are."""

READING_A_PIPE = "pipe_read"
"""What the kernel says of a process that waits for something to come through a pipe: only one may, the others wait for its
lock."""


@dataclass(slots=True)
class Cluster:
    """The processes of the cluster that a watchdog watches, by what they do."""

    processes: Processes
    watchdog: int

    def said(self, who: str) -> list[int]:
        """Living processes that introduced themselves so."""
        log = (self.processes.directory / "watchdog.log").read_text()
        alive = self.processes.ids()
        return [int(pid) for pid in re.findall(SAID[who], log) if int(pid) in alive]

    def child_of(self, pid: int) -> int:
        """Its only child."""
        (child,) = (each for each in self.processes.ids() if parent(each) == pid)
        return child

    def find(self, victim: str) -> int:
        """The process id; 0 while it cannot be told."""
        if victim == "main process":
            return self.child_of(self.watchdog)
        if victim == "guard":
            return self.child_of(self.child_of(self.watchdog))
        if victim in SAID:
            return self.said(victim)[0]
        workers = self.said("worker")
        reading = [pid for pid in workers if Path(f"/proc/{pid}/wchan").read_text() == READING_A_PIPE]
        if len(reading) != 1:
            return 0
        return reading[0] if victim.startswith("idle") else next(pid for pid in workers if pid not in reading)


@pytest.mark.parametrize(
    ("number", "victim", "blow"), [(number, *case) for number, case in enumerate(CASES)], ids=lambda each: str(each)
)
def test_delivery_goes_on(
    number: int, victim: str, blow: str, world: World, processes: Processes, keep: Callable[[Figures], None]
) -> None:
    shop, slow = world.shop("Shop", packs=["order_status"]), world.shop("Slow", packs=["order_status"])
    watchdog = processes.start("watchdog", "manage.py", "watch_cluster", LOG_LEVEL="INFO")
    cluster = Cluster(processes, watchdog.pid)
    receive_order(shop, 1, at=timezone.now())
    wait_for(lambda: waiting(shop) == [] and sent(shop), "the first delivery", seconds=START_SECONDS)
    beat = Tick.objects.filter(name="heartbeat", finished_at__isnull=False)
    wait_for(beat.exists, "the first heartbeat", seconds=START_SECONDS)
    if victim == "busy worker":
        keep_a_worker_busy(world, slow)

    pid = wait_for(lambda: cluster.find(victim), f"a process that is the {victim}", seconds=START_SECONDS)
    os.kill(pid, BLOWS[blow])
    struck_at = timezone.now()
    for probe in range(PROBES):
        receive_order(shop, 100 + probe, at=timezone.now())
        time.sleep(PROBE_EVERY)  # the pace of the probes
    waited = wait_until_sent(shop)

    keep({"victim": victim, "blow": blow, "longest wait in seconds": round(waited, 1)})
    assert sent(shop, created_at__gt=struck_at) == PROBES
    assert waited <= AT_MOST


def keep_a_worker_busy(world: World, slow: Shop) -> None:
    """Let a request hang, and wait until a worker hangs on it. Other events go on beside it, in the same worker."""
    world.sandbox.fault("hang", account=slow.public_key, seconds=BUSY_SECONDS)
    receive_order(slow, 1, at=timezone.now())
    in_flight = Delivery.objects.for_merchant(slow.merchant).filter(state="sending")
    wait_for(in_flight.exists, "a request that hangs")


def sent(shop: Shop, **which: object) -> int:
    """How many deliveries of the shop were accepted."""
    return Delivery.objects.for_merchant(shop.merchant).filter(state="sent", **which).count()


def waiting(shop: Shop) -> list[str]:
    """Messages and deliveries that are on their way."""
    left = [message.key for message in shop.messages.exclude(state="handled")]
    return left + [str(each) for each in Delivery.objects.for_merchant(shop.merchant).exclude(state="sent")]


def wait_until_sent(shop: Shop) -> float:
    """Until everything is sent; returns the longest time in seconds from a message's receipt to its delivery."""
    deadline = time.monotonic() + GIVE_UP_AFTER
    while waiting(shop):
        assert time.monotonic() < deadline, f"left after {GIVE_UP_AFTER} s: {waiting(shop)}"
        time.sleep(0.5)  # polling
    received = dict(shop.messages.values_list("reference", "received_at"))
    events = Delivery.objects.for_merchant(shop.merchant).values_list("event__order_number", "settled_at")
    return max((settled_at - received[number]) / timedelta(seconds=1) for number, settled_at in events if settled_at)
