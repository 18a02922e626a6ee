"""The places where the tests of this folder happen."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from config import env
from tests.chaos import audit
from tests.chaos.audit import Figures
from tests.chaos.postgres import TEMPLATE, Postgres, PostgresMissing
from tests.chaos.processes import Processes
from tests.support.world import World

_began = time.time()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder is chaos; it finds and ends processes through /proc."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.chaos)
            item.add_marker(pytest.mark.skipif(sys.platform != "linux", reason="needs Linux"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The figures of each test."""
    for name, figures in audit.kept(_began).items():
        terminalreporter.write_sep("-", name)
        for label, value in figures.items():
            terminalreporter.write_line(f"{label}: {value}")


def leave_out(reason: str) -> None:
    """Skip; under REQUIRE_ALL fail."""
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail(f"left out: {reason}")
    pytest.skip(reason)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that another user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="tidings-chaos-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(server: Postgres) -> Iterator[Postgres]:
    """A server with a migrated template of the product's database, until the end of the block."""
    try:
        server.create()
    except PostgresMissing as error:
        leave_out(str(error))
    try:
        with at_database(server.create_database(TEMPLATE)):
            call_command("migrate", verbosity=0)
            call_command("sync_schedules", verbosity=0)
        yield server
    finally:
        server.stop()


@contextmanager
def at_database(url: str) -> Iterator[None]:
    """Let this process work on another database for a while."""
    before = dict(connections.settings)
    os.environ["CHAOS_DATABASE_URL"] = url
    found = env.database("CHAOS_DATABASE_URL", default="") | {"CONN_MAX_AGE": None}
    connections.close_all()
    connections.settings.update(connections.configure_settings({"default": found}))
    _forget_connection()
    try:
        yield
    finally:
        connections.close_all()
        connections.settings.update(before)
        _forget_connection()


def _forget_connection() -> None:
    """The next query opens one by the settings of then."""
    with suppress(AttributeError):
        del connections["default"]


@pytest.fixture(scope="session", autouse=True)
def orderly_end() -> Iterator[None]:
    """A run that is asked to end takes its processes along."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A place for everything that the tests write."""
    with open_folder() as path:
        yield path


@pytest.fixture(scope="session")
def server(folder: Path, django_db_blocker: Any) -> Iterator[Postgres]:
    """The database server that most tests share."""
    with django_db_blocker.unblock(), running(Postgres(folder / "postgres")) as server:
        yield server


@pytest.fixture
def database(server: Postgres, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database, on which this process works too."""
    url = server.create_database(f"test_{zlib.crc32(request.node.name.encode())}", TEMPLATE)
    with at_database(url):
        yield url


@pytest.fixture
def processes(tmp_path: Path, database: str) -> Iterator[Processes]:
    """Processes on that database."""
    with Processes(tmp_path, DATABASE_URL=database) as processes:
        yield processes


@pytest.fixture
def world(processes: Processes, settings: Any) -> World:
    """A Klaviyo in a process of its own, and no site."""
    sandbox = processes.start_sandbox()
    settings.KLAVIYO_BASE_URL = sandbox.url
    return World(sandbox, "http://site.invalid")


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> Callable[[Figures], None]:
    """Writes figures down; they are shown at the end of the run."""
    return partial(audit.keep, request.node.name)
