"""Workers that are killed in the middle of an initial sync: every entry of the log is told once, as history."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from django.utils import timezone

from config.demo.processes import HOST, free_port
from integrations.audit import Actor
from integrations.models import Delivery
from lifecycle.models import LogSync
from lifecycle.models.feed import FASTEST
from lifecycle.services import feeds, syncs
from tests.chaos.audit import Figures, audit
from tests.chaos.form import FORM
from tests.chaos.processes import START_SECONDS, Processes
from tests.support import log_feed
from tests.support.waiting import wait_for
from tests.support.world import World

BY = Actor(label="a test")
LEAST_KILLS = 3


def test_every_entry_is_told_once_whatever_is_killed(
    world: World, processes: Processes, tmp_path: Path, keep: Callable[[Figures], None], settings: Any
) -> None:
    settings.DEBUG = True  # a feed on this machine
    shop, at, log = world.shop(packs=["subscription_lifecycle"]), timezone.now(), tmp_path / "kills"
    feeds.set_feed(merchant=shop.merchant, url=start_feed(processes), secret=log_feed.SECRET, by=BY, at=at)
    syncs.begin(merchant=shop.merchant, since=None, pace=FASTEST, by=BY, at=at - timedelta(minutes=1))
    began = time.monotonic()

    life = str(FORM.life)
    syncer = processes.start("syncer", "-m", "tests.chaos.syncer", str(log), life, DEBUG="true")
    assert syncer.wait(FORM.patience) == 0

    found, kills = audit([shop], world.sandbox), len(log.read_text().splitlines())
    sync = LogSync.objects.for_merchant(shop.merchant).get()
    keep({**found.figures(), "kills": kills, "seconds": round(time.monotonic() - began)})
    assert found.is_clean, found
    assert found.events == FORM.entries
    assert (sync.state, sync.entries, sync.parsed, sync.events) == ("finished", *[FORM.entries] * 3)
    assert not Delivery.objects.for_merchant(shop.merchant).filter(is_backfill=False, change=None).exists()
    assert kills >= LEAST_KILLS


def start_feed(processes: Processes) -> str:
    """The merchant's log, in a process of its own; its address."""
    port = free_port()
    processes.start("feed", "-m", "tests.support.log_feed", str(FORM.entries), str(port))
    url = f"http://{HOST}:{port}/log"
    wait_for(lambda: answers(url), "the feed", seconds=START_SECONDS)
    return url


def answers(url: str) -> bool:
    """Whether something listens there."""
    try:
        return requests.get(url, timeout=5).status_code == 401
    except requests.RequestException:
        return False
