"""`manage.py demo`: the product at work on this machine, with made-up shops and a local Klaviyo."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from config.demo import month, processes, show
from config.demo.processes import ProcessEnded
from config.demo.show import WrongAnswer
from config.demo.stage import DATABASE
from integrations.management.arguments import finite_number, one_line, whole_number

PORT = 8000


class Command(BaseCommand):
    """Touches neither the database nor the keys of `.env`: it starts itself anew in an environment of its own."""

    help = "Show the product at work: made-up shops, signed webhooks, a local Klaviyo. Ctrl-C stops everything."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--once", action="store_true", help="run to the end; fails unless every event arrived once")
        parser.add_argument(
            "--speed", type=finite_number(allows_zero=False), default=1.0, metavar="N", help="this many times faster"
        )
        parser.add_argument(
            "--days",
            type=whole_number(0, month.DAYS),
            default=month.DAYS,
            help="of the month before; fewer begin sooner",
        )
        parser.add_argument(
            "--port", type=whole_number(1, 65534), default=PORT, help="of the site; the sandbox takes the next one"
        )
        parser.add_argument(
            "--directory", type=_directory, default=settings.VAR_DIR / "demo", help="for its database and logs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run; raise `CommandError` if something did not arrive, or arrived twice."""
        directory = options["directory"].resolve()
        if settings.DATABASES["default"]["NAME"] != str(directory / DATABASE):
            _start_anew(directory, *_ports(options["port"], once=options["once"]))
        for number in processes.STOPPING:
            signal.signal(number, _interrupt)
        with _alone(directory):
            self._run(directory, **{name: options[name] for name in ("once", "speed", "days")})

    def _run(self, directory: Path, **options: Any) -> None:
        console = Console(highlight=False)
        try:
            complete = show.run(console, directory, **options)
        except KeyboardInterrupt:
            console.print("Stopped.")
            return
        except (ProcessEnded, WrongAnswer) as error:
            raise CommandError(f"{error}\nThe logs are in {directory}.") from None
        if not complete:
            raise CommandError(f"not every event arrived exactly once; the logs are in {directory}")


def _directory(name: str) -> Path:
    """A folder that is there or may be made."""
    return Path(one_line(name))


def _ports(wanted: int, *, once: bool) -> tuple[int, int]:
    """Ports of the site and the sandbox. Nobody looks at a run to the end, so that one takes any."""
    site, sandbox = wanted, wanted + 1
    taken = [port for port in (site, sandbox) if not processes.is_free(port)]
    if taken and not once:
        raise CommandError(f"port {taken[0]} is in use: end what listens there, or name another with --port")
    return (processes.free_port(), processes.free_port()) if taken else (site, sandbox)


def _start_anew(directory: Path, site: int, sandbox: int) -> None:
    """Replace this process by one with the demo's settings. Does not return."""
    environment = processes.environment(directory, web_port=site, sandbox_port=sandbox)
    os.execve(sys.executable, [sys.executable, *sys.argv], environment)  # noqa: S606


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Two demos in one directory would write over each other."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"another demo is running in {directory}") from None
        yield


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
