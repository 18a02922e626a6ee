"""Whatever goes wrong, no key is in what is stored, logged or answered, and no shopper in the log or the queue."""

from __future__ import annotations

import contextlib
import json
import queue
import random
import traceback
from collections.abc import Iterator
from multiprocessing import Value
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ, Task
from django_q.monitor import save_task
from django_q.tasks import async_task
from django_q.worker import worker

from integrations import connections, inbound
from integrations.delivery.engine import Engine
from integrations.destinations.base import DeliveryError
from integrations.destinations.klaviyo.answers import taken
from integrations.destinations.klaviyo.client import KlaviyoSession
from integrations.fields import Sealed
from integrations.models import Connection, Delivery, DeliveryAttempt, Lane
from tests.integrations.admin import rows
from tests.integrations.delivery.conftest import Backlog, backlog
from tests.integrations.klaviyo.wire import Reply, Wire, answers, resets, says
from tests.support.dump import dump
from tests.support.logbook import written

__all__ = ["backlog"]

KEY = "pk_canary0123456789_abcdef-XYZ"
PART = "canary0123456789"
EMAIL = "canary.shopper@mail.example"
WORDS = [
    KEY,
    f"Key {KEY} is wrong",
    f"Klaviyo-API-Key {KEY}",
    f'{{"Authorization": "{KEY}"}}',
    f"{KEY}{KEY}",
    f"{EMAIL} {KEY}",
]
STATUSES = [400, 401, 403, 404, 408, 409, 410, 413, 415, 422, 425, 429, 500, 502, 503, 504, 301, 307, 418]


def failure(chance: random.Random) -> Reply:
    """An answer that repeats the key and the shopper in one place or another, or a connection that breaks."""
    said = chance.choice(WORDS)
    if chance.random() < 0.15:
        return chance.choice(
            [resets(), resets(said.encode()), says(said.encode()), says(f"HTTP/1.1 {said}\r\n\r\n".encode())]
        )
    place = chance.choice(["detail", "title", "code", "pointer", "text", "headers", "list"])
    error: dict[str, Any] = {"detail": "wrong", "source": {"pointer": "/data"}}
    error |= {"source": {"pointer": said}} if place == "pointer" else {place: said}
    body = (
        said
        if place == "text"
        else json.dumps({"errors": [error] * chance.randint(1, 3)} if place != "list" else [error])
    )
    lines = [f"X-Klaviyo-Req-Id: {said}", f"X-Klaviyo-Partial-Failure: {said}", f"Location: https://x.example/{KEY}"]
    headers = "".join(f"{line}\r\n" for line in lines) if place == "headers" else "Content-Type: application/json\r\n"
    return answers(f"{chance.choice(STATUSES)} {KEY}", headers, body=body.encode())


def raised(chance: random.Random) -> Exception:
    """What the HTTP stack, the system or a mistake of ours may raise, with the key and the shopper in its text."""
    said = chance.choice(WORDS)
    kinds: list[Any] = [requests.exceptions.InvalidHeader, requests.ConnectionError, requests.Timeout, ValueError]
    kinds += [RuntimeError, OSError, KeyError, requests.exceptions.InvalidURL, UnicodeError, TypeError, MemoryError]
    error: Exception = chance.choice(kinds)(said)
    return error


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A Klaviyo that only fails."""
    chance = random.Random(7)
    wire = Wire(*(failure(chance) for _ in range(12_000)))
    yield wire
    wire.close()


@pytest.fixture
def connection(transactional_db: None, settings: Any, wire: Wire, backlog: Backlog) -> Connection:
    """A merchant's connection with the planted key, to the Klaviyo that fails."""
    settings.KLAVIYO_BASE_URL = wire.url
    merchant = rows.merchant()
    Connection.objects.update(secret=Sealed.of(KEY), secret_last4=KEY[-4:], enabled_metrics=["processing_order"])
    shop: Any = SimpleNamespace(merchant=merchant, connection=merchant.connections.get())
    backlog(shop, 4, email=f"{{0}}.{EMAIL}")
    return merchant.connections.get()


def told(error: BaseException) -> str:
    """All that an error can tell of itself to a page or a row."""
    parts = [str(error), repr(error), repr(getattr(error, "receipt", "")), repr(getattr(error, "faults", ""))]
    return " ".join([*parts, *traceback.format_exception_only(error)])


@pytest.mark.parametrize("failures", [300, pytest.param(10_000, marks=pytest.mark.full)])
def test_no_failure_of_a_request_tells_the_key(wire: Wire, failures: int) -> None:
    """At DEBUG too, where the HTTP stack tells of every connection."""
    found, answered = [], 0
    session = KlaviyoSession(KEY, base_url=wire.url, revision="2026-07-15", read_seconds=5)
    with written() as lines:
        for _ in range(failures):
            try:
                taken(session.exchange("POST", "/api/events", b"{}"), "events:write")
            except DeliveryError as error:
                answered += 1
                found += [told(error)] if PART in told(error) else []
    session.close()

    assert (found, answered) == ([], failures)
    assert [line for line in lines if PART in line or EMAIL in line] == []


def fail_once(connection: Connection) -> None:
    """Let everything be due again, try to deliver it, and look whether the key works."""
    now = timezone.now()
    connections.resume(connection, at=now)
    Delivery.objects.update(state="pending", reason="", not_before=now, attempts=0, settled_at=None)
    Engine().run(seconds=5)
    with contextlib.suppress(DeliveryError):
        assert connections.check(connection, at=now) is None


@pytest.mark.parametrize("rounds", [4, pytest.param(300, marks=pytest.mark.full)])
def test_no_failed_delivery_stores_or_logs_the_key(
    connection: Connection, admin_user: User, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    chance = random.Random(11)
    client = Client(raise_request_exception=False)
    client.force_login(admin_user)
    with written() as lines:
        for _ in range(rounds):
            fail_once(connection)
        for deed in ("check", "resume"):
            client.post(reverse("admin:integrations_connection_deed", args=[connection.pk, deed]))
        with monkeypatch.context() as broken:
            for _ in range(rounds):
                error = raised(chance)
                broken.setattr(requests.Session, "request", lambda *_, error=error, **__: (_ for _ in ()).throw(error))
                fail_once(connection)
    lists = [reverse(f"admin:integrations_{name}_changelist") for name in ("deliveryattempt", "lane", "delivery")]
    lists += [reverse("admin:integrations_connection_change", args=[connection.pk])]
    pages = [client.get(each).content.decode() for each in lists]

    assert DeliveryAttempt.objects.exclude(error="").count() >= 2 * rounds
    assert Lane.objects.get().last_error
    assert PART not in dump()
    assert [line for line in lines if PART in line or EMAIL in line] == []
    assert [page for page in pages if PART in page] == []
    assert [entry.change_message for entry in LogEntry.objects.all() if EMAIL in entry.change_message] == []


def work_off(name: str) -> Task:
    """Run a task as django-q2's worker does, and keep what its monitor keeps."""
    async_task(f"integrations.tasks.{name}")
    (queued,) = OrmQ.objects.all()
    tasks: Any = queue.Queue()
    results: Any = queue.Queue()
    tasks.put(queued.task)
    tasks.put("STOP")
    worker(tasks, results, Value("f", -1))
    save_task(results.get(), get_broker())
    return Task.objects.get()


@pytest.mark.parametrize("work", ["handle_inbound", "deliver"])
def test_tick_that_fails_leaves_neither_key_nor_shopper_in_the_queue(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    """PostgreSQL says the values of the row that it refused, and django-q2 keeps what is raised."""

    def fail(*_: Any, **__: Any) -> None:
        raise IntegrityError(f"duplicate key\nDETAIL: Key (email, secret)=({EMAIL}, {KEY}) already exists.")

    monkeypatch.setattr(inbound, "handle_due", fail)
    monkeypatch.setattr(Engine, "run", fail)
    with written() as lines:
        task = work_off(work)

    assert (task.success, "IntegrityError" in task.result, "tasks.py" in task.result) == (False, True, True)
    assert [each for each in (PART, EMAIL) if each in f"{task.result} {dump()} {''.join(lines)}"] == []
    assert any("IntegrityError" in line for line in lines)
