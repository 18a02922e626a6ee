"""Which database and which browser the suite has."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from integrations.delivery import engine
from tests.support import emptying, migrated


@pytest.fixture(scope="session", autouse=True)
def _frequent_looks() -> Iterator[None]:
    """Before it ends, an engine that has worked waits and looks once more. A test has put in all work before: it waits less."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "LOOK_EVERY", 0.02)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quickly_emptied() -> Iterator[None]:
    """After a test that commits only those tables are emptied that hold something."""
    djangos = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def teardown(case: TransactionTestCase) -> None:
        if emptying.is_possible():
            emptying.empty()
        else:
            djangos(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield
    if emptying.own_connection.cache_info().currsize:
        emptying.own_connection().close()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[None]:
    """Give every test process a database of its own, with its tables.

    SQLite's is a file, because threads and live servers share it as in real use; in memory it would have no locks.
    DATABASE_URL is set to it, so that a process that a test starts works on the same rows.
    """
    test = settings.DATABASES["default"]["TEST"]
    test["MIGRATE"] = False
    if connection.vendor != "sqlite":
        test["NAME"] = f"test_tidings_{os.getpid()}"
        with migrated.copy_on_postgresql(os.environ["DATABASE_URL"], test["NAME"]) as url:
            os.environ["DATABASE_URL"] = url
            yield
            connection.close()
        return
    file = tmp_path_factory.mktemp("database") / "tidings.sqlite3"
    migrated.copy(file, folder=pytestconfig.cache.mkdir("migrated"))
    test["NAME"] = str(file)
    os.environ["DATABASE_URL"] = f"sqlite:///{file}"
    yield
    file.unlink()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """It is there before, with its tables."""
    return True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first: one that is left for the end keeps one process busy while the others have nothing to do."""
    items.sort(key=lambda item: not (item.get_closest_marker("slow") or item.get_closest_marker("browser")))


def pytest_collection_finish() -> None:
    """What all tests are made of stays until the end: the collector of garbage need not look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run, and say why."""
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set TEST_DATABASE_URL")
    if item.get_closest_marker("browser") and not shutil.which("chromium"):
        pytest.skip("needs a browser: apt-get install chromium")
