"""A migrated database, made once for all test processes and runs of the same code: migrating takes seconds each time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier

from config.env import ROOT

MADE_OF = ("config", "integrations", "tracking", "returns", "loyalty", "lifecycle", "requirements")
KEEP = 3
"""Templates that stay on a PostgreSQL server, for as many checkouts that are tested by turns."""
LOCK = 7_346_117


def copy(file: Path, *, folder: Path) -> None:
    """Put it at `file`. What was made of older code is removed from `folder`."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder / f"{state_of_the_code()}.sqlite3"
        if not made.exists():
            for older in folder.glob("*.sqlite3*"):
                older.unlink()
            unfinished = made.with_suffix(".sqlite3-unfinished")
            make(f"sqlite:///{unfinished}")
            unfinished.rename(made)
        shutil.copy(made, file)


@contextmanager
def copy_on_postgresql(url: str, name: str) -> Iterator[str]:
    """A database of that name, on the server of `url`, until the end of the block; its own URL."""
    with psycopg.connect(url, autocommit=True) as server:
        # Nobody may copy another user's.
        mine = f"tidings_migrated_{server.info.user[:16]}_"
        template = f"{mine}{state_of_the_code()[:16]}"
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone():
            make_template(server, url, mine, template)
        server.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
        # No test crashes the server of this one, so that none needs to wait for the disk with each commit.
        server.execute(SQL("ALTER DATABASE {} SET synchronous_commit = off").format(Identifier(name)))
    yield beside(url, name)
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def make_template(server: psycopg.Connection, url: str, mine: str, template: str) -> None:
    """What is copied; the oldest of those that are there go."""
    unfinished = f"{mine}unfinished"
    older = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid DESC OFFSET %s"
    for (name,) in [(unfinished,), *server.execute(older, [mine, KEEP - 1]).fetchall()]:
        server.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
    server.execute(SQL("CREATE DATABASE {}").format(Identifier(unfinished)))
    make(beside(url, unfinished))
    server.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(unfinished), Identifier(template)))


def beside(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def state_of_the_code() -> str:
    """Another one whenever the tables or the first rows might be others."""
    files = [path for name in MADE_OF for path in (ROOT / name).rglob("*") if path.suffix in (".py", ".txt", ".json")]
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT)} {path.stat().st_size} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def make(url: str) -> None:
    """In a process of its own, as it is done in production."""
    environment = os.environ | {"DATABASE_URL": url}
    for command in (["migrate", "-v", "0"], ["createcachetable"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)
