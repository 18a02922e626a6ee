"""Databases of the benchmarks' own: one is filled, and every run gets a copy of it, so that all start from the same pages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from benchmarks.environment import ROOT, environment
from benchmarks.machine import cpu_of, is_postgres

SHOWN = ("shared_buffers", "fsync", "synchronous_commit", "autovacuum", "jit")


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server on which databases may be made, known by the URL of one of its databases."""

    url: str

    @classmethod
    def find(cls) -> Server:
        """DATABASE_URL's, or a local one. Ends the program where there is none."""
        found = subprocess.run(
            [sys.executable, "-m", "tests.find_postgres"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        )
        if not found.stdout.strip():
            sys.exit("The benchmarks need PostgreSQL: name one in DATABASE_URL, or start one on 127.0.0.1:5432.")
        return cls(found.stdout.strip())

    def url_of(self, name: str) -> str:
        """The URL of one of its databases."""
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def do(self, statement: sql.Composable | str) -> None:
        """Execute outside a transaction, in no database of a benchmark."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]  # ours, never a stranger's text

    @contextmanager
    def made(self, name: str) -> Iterator[str]:
        """An empty database with the product's tables, dropped at the end; gives its name."""
        name = f"tidings_bench_{os.getpid()}_{name}"
        self.do(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "-v", "0"],
                cwd=ROOT,
                env=environment(self.url_of(name)),
                check=True,
            )
            yield name
        finally:
            self.drop(name)

    @contextmanager
    def copied(self, template: str) -> Iterator[str]:
        """A copy of a database that nobody is connected to, written out to disk, dropped at the end; gives its name."""
        name = f"{template}_copy"
        self.do(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        try:
            self.do("CHECKPOINT")
            yield name
        finally:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.do(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def cpu(self, name: str) -> float:
        """CPU seconds of the processes that serve a database now; 0.0 where the server is on another machine."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [name]).fetchall()
        return sum(cpu_of(pid) for (pid,) in found if is_postgres(pid))

    def facts(self) -> list[str]:
        """Its version, and the settings that weigh."""
        with psycopg.connect(self.url) as connection:
            shown = [connection.execute(f"SHOW {name}").fetchone() for name in ("server_version", *SHOWN)]
        version, *values = [row[0] for row in shown if row]
        return [f"PostgreSQL {version}", *(f"{name} {value}" for name, value in zip(SHOWN, values, strict=True))]
