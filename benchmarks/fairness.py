"""`python -m benchmarks.fairness`: whether merchants wait for each other, and how much of Klaviyo's limits a backlog uses.

On PostgreSQL (TEST_DATABASE_URL, else a local one), in a database of its own; sandbox and workers are processes. Prints one
line of figures for each part. `--backlog`, `--seconds` and `--parts` make it shorter.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

import django
import psycopg

LOCAL = "postgres://postgres@127.0.0.1:5432/postgres"
MERCHANTS, IN_TROUBLE = 50, 3
WORKERS = 2
EVENTS_A_SECOND = 20
BULK_ITEMS = 210
"""Events in one bulk request while limits are measured: just enough to go in bulk, so that a backlog lasts for minutes."""

WINDOWS_SECONDS = 120
"""Two windows of a minute."""


@contextmanager
def database() -> Iterator[str]:
    """A migrated database; its URL."""
    address = urlsplit(os.environ.get("TEST_DATABASE_URL", LOCAL))
    name = f"fairness_{os.getpid()}"
    with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield address._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A command of the project, for the length of a `with` block."""
    command = [sys.executable, "manage.py", *arguments]
    given = {**os.environ, **environment}
    with subprocess.Popen(command, env=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def klaviyo() -> Iterator[Any]:
    """The sandbox in a process of its own, with Klaviyo's limits."""
    from django.conf import settings

    from integrations.destinations.klaviyo.sandbox import RemoteSandbox

    with process("klaviyo_sandbox", "--port", "0", "--strict-bulk", DEBUG="true") as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        found = re.search(r"http://[\d.:]+", line)
        assert found, f"the sandbox did not start: {line}"
        settings.KLAVIYO_BASE_URL = os.environ["KLAVIYO_BASE_URL"] = found[0]
        yield RemoteSandbox(found[0], timeout=120)


def put(shop: Any, count: int, *, first: int = 0, is_ambiguous: bool = False) -> datetime:
    """Record `count` events of a merchant, each of its own shopper; the instant at which they were all there."""
    from django.db import connection
    from django.utils import timezone

    from integrations.models import Customer, Delivery, Event

    at = timezone.now()
    for start in range(first, first + count, 5_000):
        numbers = range(start, min(start + 5_000, first + count))
        own: dict[str, Any] = {"merchant": shop.merchant}
        people = Customer.objects.bulk_create(Customer(**own, email=f"shopper-{n}@mail.example") for n in numbers)
        told = {"metric": "processing_order", "metric_name": "Processing order", "occurred_at": at, "recorded_at": at}
        events = Event.objects.bulk_create(
            Event(**own, **told, customer=who, unique_id=f"order:{n}", subject=f"order:{n}", properties={"Number": n})
            for n, who in zip(numbers, people, strict=True)
        )
        due = {"connection": shop.connection, "not_before": at, "window_at": at, "created_at": at}
        Delivery.objects.bulk_create(
            Delivery(**own, **due, event=event, subject=event.subject, identifier=who.email, is_ambiguous=is_ambiguous)
            for event, who in zip(events, people, strict=True)
        )
    if count > 1:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as autovacuum would, a minute later
    return timezone.now()


def delays_of_the_others(sandbox: Any, backlog: int, seconds: float, *, with_trouble: bool) -> tuple[list[float], int]:
    """Seconds from recording to arrival of the events of the merchants without trouble, and how many never arrived."""
    from tests.support.world import World

    sandbox.reset()
    world = World(sandbox, "http://site.invalid")
    shops = [world.shop(f"Shop{number}") for number in range(MERCHANTS)]
    throttled, hanging, deep = shops[:IN_TROUBLE]
    others = shops[IN_TROUBLE:]
    if with_trouble:
        sandbox.fault("throttle", account=throttled.public_key, seconds=60)
        sandbox.fault("hang", account=hanging.public_key, seconds=30)
        for shop in (throttled, hanging):
            put(shop, 100)
        put(deep, backlog)
    recorded: dict[tuple[str, str], datetime] = {}
    with ExitStack() as workers:
        for _ in range(WORKERS):
            workers.enter_context(process("deliver", "--forever"))
        put(others[0], 1, first=1_000_000)
        _wait(lambda: sandbox.events(others[0].public_key), seconds=60)
        began = time.monotonic()
        for number in range(int(seconds * EVENTS_A_SECOND)):
            shop = others[number % len(others)]
            recorded[shop.public_key, f"order:{number}"] = put(shop, 1, first=number)
            time.sleep(max(0.0, began + (number + 1) / EVENTS_A_SECOND - time.monotonic()))
        keys = [shop.public_key for shop in others]
        _wait(lambda: sum(sandbox.counters(key)["recorded"] for key in keys) > len(recorded), seconds=120)
        if with_trouble:
            print("  left of the backlog at the end:", deep.states["pending"] + deep.states["sending"])
    arrived = {
        (key, event["unique_id"]): datetime.fromisoformat(event["received_at"])
        for key in keys
        for event in sandbox.events(key)
    }
    found = [(arrived[name] - at).total_seconds() for name, at in recorded.items() if name in arrived]
    return found, len(recorded) - len(found)


def _wait(condition: Any, *, seconds: float) -> None:
    """Until it holds, or the time is over: the figures then tell what is missing."""
    give_up_at = time.monotonic() + seconds
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.1)


def fairness(sandbox: Any, backlog: int, seconds: float) -> None:
    """47 merchants, with and without three others in trouble."""
    figures = {}
    for with_trouble in (False, True):
        delays, lost = delays_of_the_others(sandbox, backlog, seconds, with_trouble=with_trouble)
        cuts = quantiles(delays, n=100)
        figures[with_trouble] = cuts[94]
        print(
            f"fairness {'with' if with_trouble else 'without'} trouble: {len(delays)} events, p50 {cuts[49]:.3f} s, "
            f"p95 {cuts[94]:.3f} s, longest {max(delays):.3f} s, lost {lost}"
        )
    print(f"fairness: p95 with trouble is {figures[True] / figures[False]:.2f} times that without (at most 2)")


def limits(sandbox: Any) -> None:
    """Two merchants with more than two minutes' work, one sent in bulk, one singly."""
    from integrations.delivery.engine import Engine
    from integrations.destinations.klaviyo.destination import Klaviyo
    from integrations.destinations.klaviyo.sandbox.limits import LIMITS
    from tests.support.world import World

    sandbox.reset()
    world = World(sandbox, "http://site.invalid")
    in_bulk, singly = world.shop("Bulk"), world.shop("Single")
    per_window = {name: min(limit * 60 / seconds for limit, seconds in LIMITS[name]) for name in LIMITS}
    windows = WINDOWS_SECONDS / 60 + 1
    put(in_bulk, int(BULK_ITEMS * windows * per_window["bulk_create_events"]))
    put(singly, int(windows * per_window["create_event"]), is_ambiguous=True)
    Klaviyo.bulk_items = BULK_ITEMS
    over_at = time.monotonic() + WINDOWS_SECONDS + 5
    while (left := over_at - time.monotonic()) > 0:
        Engine().run(seconds=left)  # ends early when both lanes are blocked by a 429
        time.sleep(0.1)
    for operation in ("bulk_create_events", "create_event"):
        # Without those by which onboarding asks what a key may do: they carry no event.
        requests = [each for each in sandbox.requests() if each["operation"] == operation and each["unique_ids"]]
        start = datetime.fromisoformat(requests[0]["at"])
        counted = Counter(
            each["status"]
            for each in requests
            if datetime.fromisoformat(each["at"]) < start + timedelta(seconds=WINDOWS_SECONDS)
        )
        share = counted[202] / (per_window[operation] * WINDOWS_SECONDS / 60)
        print(f"limits {operation}: answers {dict(counted)}, {share:.1%} of what is allowed were accepted", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument("--backlog", type=int, default=100_000, help="events of the merchant with a backlog")
    parser.add_argument("--seconds", type=float, default=60, help="how long the other merchants' events come")
    parser.add_argument("--parts", nargs="+", default=["fairness", "limits"], choices=["fairness", "limits"])
    options = parser.parse_args(arguments)
    with database() as url:
        os.environ |= {"TEST_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.environment"}
        django.setup()
        os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": url, "LOG_LEVEL": "ERROR"}
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        with klaviyo() as sandbox:
            if "limits" in options.parts:
                limits(sandbox)
            if "fairness" in options.parts:
                fairness(sandbox, options.backlog, options.seconds)
        connection.close()


if __name__ == "__main__":
    main()
