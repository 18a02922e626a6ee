"""The database's disk is full: the hook says so, and what it said it has taken is there and is delivered."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from django.utils import timezone

from integrations.models import InboundMessage
from tests.chaos.audit import Figures, audit, wait_for_free_leases
from tests.chaos.conftest import at_database, leave_out, running
from tests.chaos.form import FORM
from tests.chaos.helpers import Helper
from tests.chaos.hooks import Answer, post, shopify_hook
from tests.chaos.kill_points import KillLog
from tests.chaos.load import wait_until_delivered
from tests.chaos.postgres import TEMPLATE, Postgres
from tests.chaos.processes import Processes
from tests.support.payloads import shopify_order
from tests.support.waiting import wait_for
from tests.support.world import Shop, World

MEGABYTES = 180
SMALL = {"max_wal_size": "32MB", "min_wal_size": "8MB", "shared_buffers": "16MB"}
SENDERS = 4
REFUSALS = 20
"""So many answers 503 show that the disk is full for everybody."""


@contextmanager
def small_disk() -> Iterator[Path]:
    """A disk of its own for a server; leaves the test out where none can be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="tidings-chaos-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=755", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True)
        if mounted.returncode:
            leave_out(f"no small disk can be mounted here: {mounted.stderr.strip()}")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        folder.rmdir()


class Ballast:
    """A file that takes what is left of a disk."""

    def __init__(self, disk: Path) -> None:
        self._path = disk / "ballast"

    def fill(self) -> None:
        """Take all that is free now."""
        with suppress(OSError), self._path.open("ab", buffering=0) as file:
            for size in (1_000_000, 4_096):
                with suppress(OSError):
                    while file.write(bytes(size)) == size:
                        continue

    def remove(self) -> None:
        """Give it back."""
        self._path.unlink()


class Sender(Helper):
    """Posts one order after the other, each once: its sender looks at the answers."""

    def __init__(self, shop: Shop, number: int) -> None:
        super().__init__()
        self.answers: list[Answer] = []
        self._domain = shop.merchant.shop_domains.get().domain
        self._shop = shop
        self._number = number

    def work(self) -> None:
        """Until it is stopped."""
        order = self._number
        while not self.stopped.is_set():
            order += SENDERS
            email = f"shopper-{order}@mail.example"
            customer = {"id": order, "email": email}
            payload = shopify_order(order, at=timezone.now(), email=email, number=f"#{order}", customer=customer)
            self.answers.append(
                post(shopify_hook(self._shop, "orders/create", payload, f"order-{order}", self._domain))
            )


class Senders:
    """Several of them."""

    def __init__(self, shop: Shop) -> None:
        self.all = [Sender(shop, number) for number in range(SENDERS)]

    @property
    def answers(self) -> list[Answer]:
        """Every answer so far."""
        return [answer for sender in self.all for answer in sender.answers]

    def count(self, status: int) -> int:
        """Answers with that status so far."""
        return sum(answer.status == status for answer in self.answers)

    def wait_for_more(self, status: int, how_many: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until so many more answers have that status."""
        wanted = self.count(status) + how_many

        def is_there() -> bool:
            meanwhile()
            return self.count(status) >= wanted

        wait_for(is_there, f"{how_many} answers {status}")


def test_a_full_disk_refuses_hooks_and_loses_none(
    django_db_blocker: Any, settings: Any, tmp_path: Path, keep: Callable[[Figures], None]
) -> None:
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        disk = stack.enter_context(small_disk())
        server = stack.enter_context(running(Postgres(disk / "postgres", **SMALL)))
        url = server.create_database("tidings", TEMPLATE)
        stack.enter_context(at_database(url))
        processes = stack.enter_context(Processes(tmp_path, DATABASE_URL=url))
        sandbox = processes.start_sandbox()
        settings.KLAVIYO_BASE_URL = sandbox.url
        processes.start_site()
        shop = World(sandbox, processes.site).shop(packs=["order_status"])
        workers = processes.start_workers(KillLog(tmp_path / "kills"), count=2, outside_every=10.0)
        senders = Senders(shop)
        with ExitStack() as sending:
            for sender in senders.all:
                sending.enter_context(sender)
            for _ in range(FORM.full_disks):
                fill_and_empty(disk, server, senders)
        wait_until_delivered(FORM.patience)
        processes.stop(workers)

        taken = {each.hook.key for each in senders.answers if each.is_taken}
        found, stored = audit([shop], sandbox), set(InboundMessage.objects.values_list("key", flat=True))
        statuses = Counter(answer.status for answer in senders.answers)
        keep(
            {
                "times the disk was full": FORM.full_disks,
                "hooks by answer": dict(sorted(statuses.items())),
                "taken and missing": len(taken - stored),
                **found.figures(),
            }
        )
        assert set(statuses) == {202, 503}
        assert taken - stored == set()
        assert found.is_clean, found
        assert found.events == len(stored)
        wait_for_free_leases()


def fill_and_empty(disk: Path, server: Postgres, senders: Senders) -> None:
    """Let the disk be full until everybody is refused, then wait until hooks are taken again.

    A server that ended for want of space is started again, as whoever runs it would.
    """
    senders.wait_for_more(202, REFUSALS)
    ballast = Ballast(disk)
    senders.wait_for_more(503, REFUSALS, meanwhile=ballast.fill)
    ballast.remove()
    wait_for(lambda: started(server), "the server")
    senders.wait_for_more(202, REFUSALS)


def started(server: Postgres) -> bool:
    """Start it if it has ended; False while that fails."""
    if not server.is_running():
        with suppress(subprocess.CalledProcessError):
            server.start()
    return server.is_running()
