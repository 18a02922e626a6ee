"""The processes of the demo: sandbox, web server and worker, each in a session of its own, all ended with the demo."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from config.env import ROOT

HOST = "127.0.0.1"
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends the demo. While it stops its processes, no more of these is heeded."""

STOP_SECONDS = 60
"""Longer than the worker needs to end its own children by force."""

LOG_TAIL = 15


class ProcessEnded(Exception):
    """A process of the demo ended by itself, or does not get ready. The text has the end of its log."""


def environment(directory: Path, *, web_port: int, sandbox_port: int) -> dict[str, str]:
    """Everything that the product reads from its environment, with new keys; nothing of a developer's own settings."""
    example = (ROOT / ".env.example").read_text().splitlines()
    settings = {line.partition("=")[0] for line in example if line and not line.startswith("#")}
    inherited = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in settings}
    return inherited | {
        "ENV_FILE": "",
        "DEBUG": "true",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "TIDINGS_ENCRYPTION_KEYS": urlsafe_b64encode(os.urandom(32)).decode(),
        "DATABASE_URL": f"sqlite:///{quote(str(directory / 'tidings.sqlite3'))}",
        "PUBLIC_BASE_URL": f"http://{HOST}:{web_port}",
        "KLAVIYO_BASE_URL": f"http://{HOST}:{sandbox_port}",
        "WEB_BIND": f"{HOST}:{web_port}",
        "WEB_PROCESSES": "1",
        "WEB_THREADS": "4",
        "LOG_FORMAT": "console",
        "LOG_LEVEL": "WARNING",
        "NO_PROXY": HOST,
        "no_proxy": HOST,
    }


def is_free(port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Processes:
    """Runs commands with this interpreter and this environment until it is closed. Their output goes to `<name>.log`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, *arguments: str, **changes: str) -> None:
        """Start one in a session of its own: a Ctrl-C in the terminal reaches the demo alone, which then stops it."""
        with (self._directory / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603  (our own commands)
                [sys.executable, *arguments],
                cwd=ROOT,
                env=os.environ | changes,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raises `ProcessEnded` if one of them ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ProcessEnded(f"the {name} ended with status {process.returncode}:\n{self._tail(name)}")

    def wait_until(self, name: str, is_ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait for one to be ready. Raises `ProcessEnded`."""
        give_up_at = time.monotonic() + seconds
        while not is_ready():
            self.check()
            if time.monotonic() > give_up_at:
                raise ProcessEnded(f"the {name} is not ready after {seconds:.0f} s:\n{self._tail(name)}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ask all of them to end, and wait: the worker ends its own children, by force after 20 s. Leaves no orphan."""
        before = {number: signal.signal(number, signal.SIG_IGN) for number in STOPPING}
        for process in self._running.values():
            process.terminate()
        give_up_at = time.monotonic() + STOP_SECONDS
        for process in self._running.values():
            try:
                process.wait(max(give_up_at - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._running.clear()
        for number, handler in before.items():
            signal.signal(number, handler)

    def _tail(self, name: str) -> str:
        log = (self._directory / f"{name}.log").read_text(errors="replace")
        return "\n".join(log.splitlines()[-LOG_TAIL:])
