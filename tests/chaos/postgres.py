"""A PostgreSQL server of the tests' own, which may crash, be restarted and run out of disk space."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from functools import cache
from pathlib import Path

from config.demo.processes import HOST, free_port

OWNER = "postgres"
"""The server refuses to run as root: then it runs as this user."""

SETTINGS = {"listen_addresses": HOST, "unix_socket_directories": "", "max_connections": "300", "fsync": "on"}
TEMPLATE = "template_tidings"


class PostgresMissing(Exception):
    """This machine cannot run a server of the tests' own; the text says why."""


@cache
def binaries() -> Path:
    """The folder of the server's programs, the newest version first. Raises `PostgresMissing`."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name), reverse=True)
    if shutil.which("pg_config"):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        folders.insert(0, Path(told.stdout.strip()))
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise PostgresMissing("PostgreSQL's server programs are not here: apt-get install postgresql")


def _prefix() -> list[str]:
    """What makes a command run as somebody the server takes. Raises `PostgresMissing`."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam(OWNER)
    except KeyError:
        raise PostgresMissing(f"there is no user {OWNER}, and PostgreSQL does not run as root") from None
    return ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--init-groups"]


class Postgres:
    """A server in `directory`, which is to be empty and below folders that everybody may enter. `changes` are its settings.

    It writes through to the disk as in production (fsync), so that what it confirmed survives `restart`.
    """

    def __init__(self, directory: Path, **changes: str) -> None:
        self.directory = directory
        self.port = free_port()
        self._settings = SETTINGS | changes | {"port": str(self.port)}

    def create(self) -> None:
        """Make its files and start it. Raises `PostgresMissing`."""
        binaries()
        prefix = _prefix()
        self.directory.mkdir(parents=True, exist_ok=True)
        if prefix:
            shutil.chown(self.directory, OWNER, OWNER)
        self._run("initdb", "-D", "data", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--wal-segsize=4")
        self.start()

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        options = " ".join(f"-c {name}='{value}'" for name, value in self._settings.items())
        self._run("pg_ctl", "start", "-D", "data", "-w", "-t", "120", "-l", "log", "-o", options)

    def restart(self) -> None:
        """Crash and come back: no goodbye to anybody, no last checkpoint, then recovery from the log."""
        self._run("pg_ctl", "restart", "-D", "data", "-m", "immediate", "-w", "-t", "120", "-l", "log")

    def stop(self) -> None:
        """End it like a crash, if it runs."""
        if self.is_running():
            self._run("pg_ctl", "stop", "-D", "data", "-m", "immediate", "-w")

    def is_running(self) -> bool:
        """Whether the server's main process is there."""
        return subprocess.run([*_prefix(), str(binaries() / "pg_ctl"), "status", "-D", "data"],
                              cwd=self.directory, stdout=subprocess.DEVNULL).returncode == 0  # fmt: skip

    def url(self, database: str) -> str:
        """The DATABASE_URL of one of its databases."""
        return f"postgres://{OWNER}@{HOST}:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Make a database as a copy of another; returns its URL."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def execute(self, statement: str) -> None:
        """Run one statement outside any database of the tests."""
        command = [str(binaries() / "psql"), "-q", "-h", HOST, "-p", str(self.port), "-U", OWNER]
        command += ["-c", statement, "postgres"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def _run(self, program: str, *arguments: str) -> None:
        # No pipe: the server would inherit it and hold it open.
        with (self.directory / "commands").open("ab") as output:
            command = [*_prefix(), str(binaries() / program), *arguments]
            subprocess.run(command, cwd=self.directory, stdout=output, stderr=output, check=True)
