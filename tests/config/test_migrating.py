"""Migrating while merchants' shops post and a worker delivers: nobody is refused, nothing is lost, nobody waits long.

The site and the worker are of today's code: they run on the oldest schema that it can work on, and on every schema after it. A
migration that adds what today's code needs moves `OLDEST` up to itself.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import requests

from integrations import sources
from integrations.destinations.klaviyo.sandbox import Sandbox
from tests.support.payloads import shopify_order
from tests.support.waiting import wait_for

OLDEST = {"integrations": "0026", "tracking": "0018", "returns": "0001", "loyalty": "0010", "lifecycle": "0004"}
DOMAIN = "tea.myshopify.com"
REQUESTS_A_SECOND = 50
LOCK_TIMEOUT = "2s"
HISTORY = 100_000
"""Rows that messages have left behind, so that a lock that lasts as long as a table is large is seen."""

DRAIN_TRIES = 60
MIGRATE_TRIES = 3
"""A migration that got no lock within its timeout changed nothing and is tried again."""

logger = logging.getLogger(__name__)


@dataclass
class Installation:
    """A database of its own, and processes on it."""

    database: str
    sandbox: Sandbox
    port: int
    merchant: dict[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What every process is given."""
        site = f"127.0.0.1:{self.port}"
        given = {"DATABASE_URL": self.database, "KLAVIYO_BASE_URL": self.sandbox.url, "WEB_BIND": site}
        return {**os.environ, **given, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}

    def manage(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, env={**self.environment, **more}, text=True, capture_output=True, timeout=300, check=False
        )

    def must(self, *arguments: str) -> str:
        """Run a command that may not fail; what it printed."""
        done = self.manage(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def running(self, *command: str) -> Iterator[None]:
        """A process for the length of a `with` block."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen([sys.executable, *command], env=self.environment, **quiet) as it:  # type: ignore[call-overload]
            try:
                yield
            finally:
                it.terminate()
                try:
                    it.wait(10)
                except subprocess.TimeoutExpired:
                    it.kill()

    def post(self, number: int) -> int:
        """Tell of one order; the status, 0 where there was no answer."""
        body = json.dumps(shopify_order(number, at=datetime.now(UTC), number=f"#{number}")).encode()
        hook = self.merchant["hooks"][0]
        source = sources.get("shopify")
        headers = {"content-type": "application/json", **source.headers_for("orders/create")}
        headers |= source.sign(body, hook["secret"])
        headers |= {"x-shopify-webhook-id": f"w-{number}", "x-shopify-shop-domain": DOMAIN}
        url = f"http://127.0.0.1:{self.port}/hooks/{self.merchant['merchant']['id']}/shopify/"
        try:
            return requests.post(url, data=body, headers=headers, timeout=20).status_code
        except requests.RequestException:
            return 0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def installation(db: None) -> Iterator[Installation]:
    """An empty database, gone at the end."""
    address = urlsplit(os.environ["DATABASE_URL"])
    name = f"migrating_{os.getpid()}"
    with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        try:
            with Sandbox(limit_scale=None) as sandbox:
                yield Installation(address._replace(path=f"/{name}").geturl(), sandbox, free_port())
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def lay_out(installation: Installation) -> None:
    """The oldest schema with a merchant and a history in it."""
    installation.must("migrate", "django_q")
    for label, name in OLDEST.items():
        installation.must("migrate", label, name)
    options = ["--klaviyo-key", "pk_sandbox_tea", "--packs", "order_status", "--shop-domain", DOMAIN]
    made = installation.must("create_merchant", "Tea House", *options, "--source", "shopify", "--json")
    installation.merchant = json.loads(made)
    with psycopg.connect(installation.database) as connection:
        connection.execute(
            "INSERT INTO integrations_inboundmessage (merchant_id, source, topic, key, body, received_at, state, attempts,"
            " handled_at, note, waits_for, reference, error) SELECT m.id, 'shopify', 'orders/create', 'old-' || n, '', now(),"
            " 'handled', 1, now(), '', '', '', '' FROM integrations_merchant m, generate_series(1, %s) n",
            [HISTORY],
        )


def longest_lock_wait(database: str, stopped: threading.Event) -> float:
    """Seconds that any process waited for a lock, looked at a hundred times a second until `stopped`."""
    longest = 0.0
    waiting = (
        "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - query_start)), 0) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(database, autocommit=True) as connection:
        while not stopped.wait(0.01):
            row = connection.execute(waiting).fetchone()
            longest = max(longest, float(row[0]) if row else 0.0)
    return longest


def post_steadily(
    installation: Installation, pool: ThreadPoolExecutor, stopped: threading.Event, answers: list[Future[int]]
) -> None:
    """Post at a steady pace until `stopped`; each status comes into `answers`."""
    began = time.monotonic()
    while not stopped.wait(max(0.0, began + len(answers) / REQUESTS_A_SECOND - time.monotonic())):
        answers.append(pool.submit(installation.post, len(answers) + 2))


def is_further(answers: list[Future[int]]) -> Callable[[], bool]:
    """Whether a second's worth of requests was answered since now."""
    goal = len(answers) + REQUESTS_A_SECOND
    return lambda: sum(each.done() for each in answers) >= goal


def migrate(installation: Installation) -> subprocess.CompletedProcess[str]:
    """Apply every later migration, each lock waited for no longer than `LOCK_TIMEOUT`."""
    for _ in range(MIGRATE_TRIES):
        done = installation.manage("migrate", PGOPTIONS=f"-c lock_timeout={LOCK_TIMEOUT}")
        if done.returncode == 0:
            break
    return done


def drain(installation: Installation, count: int) -> None:
    """Deliver until Klaviyo has `count` events. The worker that was ended may still hold a lease for half a minute."""
    for _ in range(DRAIN_TRIES):
        installation.must("deliver", "--until-empty")
        if len(installation.sandbox.events()) >= count:
            return


@pytest.mark.postgres
@pytest.mark.full
def test_every_later_migration_is_applied_under_load_without_refusing_or_losing_anything(
    installation: Installation,
) -> None:
    lay_out(installation)
    stopped, answers = threading.Event(), list[Future[int]]()
    with ExitStack() as running:
        pool = running.enter_context(ThreadPoolExecutor(34))
        running.enter_context(installation.running("-m", "gunicorn", "-c", "python:config.gunicorn"))
        running.enter_context(installation.running("manage.py", "deliver", "--forever"))
        running.callback(stopped.set)
        wait_for(lambda: installation.post(1) in (200, 202), "the site")
        wait_for(installation.sandbox.events, "the first event")
        posting = pool.submit(post_steadily, installation, pool, stopped, answers)
        waiting = pool.submit(longest_lock_wait, installation.database, stopped)
        wait_for(is_further(answers), "load")

        migrated = migrate(installation)
        wait_for(is_further(answers), "answers after it")
        stopped.set()
        posting.result()
        statuses = Counter(each.result() for each in answers)

    drain(installation, statuses.total() + 1)
    logger.info("%s; the longest wait for a lock took %.3f s", statuses, waiting.result())
    assert migrated.returncode == 0, migrated.stderr
    assert set(statuses) == {202}
    assert len({event["unique_id"] for event in installation.sandbox.events()}) == statuses.total() + 1
    assert waiting.result() < 2
    installation.must("reconcile")
