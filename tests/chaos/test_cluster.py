"""Each process of a django-q2 cluster is killed and frozen in turn: with the watchdog, delivery goes on within 150 seconds."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
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

STARTED = ("worker", "worker", "monitor", "pusher")
"""The children of a guard in the order in which it starts them."""

READING_A_PIPE = "pipe_read"
"""Part of what the kernel says of a process that waits for something to come through a pipe. Only the one that has the
queue's lock does; the others wait for the lock.
"""


def children(processes: Processes, pid: int) -> list[int]:
    """A process's own children, oldest first."""
    return sorted(each for each in processes.ids() if parent(each) == pid)


def find(victim: str, processes: Processes, watchdog: int) -> int:
    """The id of a process of the cluster by what it does; 0 while it cannot be told."""
    (main,) = children(processes, watchdog)
    (guard,) = children(processes, main)
    if victim in ("main process", "guard"):
        return main if victim == "main process" else guard
    started = list(zip(STARTED, children(processes, guard), strict=True))
    workers = [pid for name, pid in started if name == "worker"]
    if victim in STARTED:
        return dict(started)[victim]
    reading = [pid for pid in workers if READING_A_PIPE in Path(f"/proc/{pid}/wchan").read_text()]
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
    watchdog = processes.start("watchdog", "manage.py", "watch_cluster")
    receive_order(shop, 1, at=timezone.now())
    wait_for(lambda: waiting(shop) == [] and sent(shop), "the first delivery", seconds=START_SECONDS)
    beat = Tick.objects.filter(name="heartbeat", finished_at__isnull=False)
    wait_for(beat.exists, "the first heartbeat", seconds=START_SECONDS)
    if victim == "busy worker":
        keep_a_worker_busy(world, slow)

    pid = wait_for(
        lambda: find(victim, processes, watchdog.pid), f"a process that is the {victim}", seconds=START_SECONDS
    )
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
    deliveries = Delivery.objects.for_merchant(shop.merchant).values_list("event__order_number", "settled_at")
    waits: list[timedelta] = [settled_at - received[number] for number, settled_at in deliveries if settled_at]
    return max(waits).total_seconds()
