"""The processes of one run: sandbox, web server, workers. Each has a log; none outlives the run."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path
from types import TracebackType

import requests

from config.demo.processes import HOST, free_port
from config.env import ROOT
from integrations.destinations.klaviyo.sandbox import RemoteSandbox
from tests.chaos.kill_points import KillLog
from tests.support.processes import end_marked, marked
from tests.support.waiting import wait_for

START_SECONDS = 180
STOP_SECONDS = 90
SANDBOX_PATIENCE = 120.0
"""Seconds that the sandbox may take to show tens of thousands of events."""


class Processes:
    """Runs commands with this interpreter until it is closed, then ends them and all that they started.

    `changes` are added to this process's environment. Output goes to `<name>.log` in `directory`.
    """

    def __init__(self, directory: Path, **changes: str) -> None:
        self.directory = directory
        self.mark = f"TIDINGS_CHAOS={uuid.uuid4()}"
        name, value = self.mark.split("=")
        self.environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"}
        self.environment |= {name: value, **changes}
        self.site = ""
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end_marked(self.mark)
        for process in self._started:
            process.wait()

    def start(self, name: str, *arguments: str, **changes: str) -> subprocess.Popen[bytes]:
        """Start one in a session of its own."""
        with (self.directory / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment | changes,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Ask one to end, and wait."""
        process.terminate()
        process.wait(STOP_SECONDS)

    def ids(self) -> dict[int, str]:
        """All that run now, with what they started: id -> command line."""
        return marked(self.mark)

    def start_sandbox(self) -> RemoteSandbox:
        """Start a Klaviyo that refuses a whole bulk request for one repeated id, and wait until it answers."""
        port = str(free_port())
        self.start("sandbox", "manage.py", "klaviyo_sandbox", "--strict-bulk", "--port", port, DEBUG="true")
        sandbox = RemoteSandbox(f"http://{HOST}:{port}", timeout=SANDBOX_PATIENCE)
        wait_for(lambda: _answers(f"{sandbox.url}/sandbox/accounts"), "the sandbox", seconds=START_SECONDS)
        self.environment["KLAVIYO_BASE_URL"] = sandbox.url
        return sandbox

    def start_site(self) -> subprocess.Popen[bytes]:
        """Start the web server as in production, and wait until it answers at `site`."""
        place = f"{HOST}:{free_port()}"
        self.site = f"http://{place}"
        process = self.start("site", "-m", "gunicorn", "-c", "python:config.gunicorn", WEB_BIND=place)
        wait_for(lambda: _answers(f"{self.site}/healthz"), "the site", seconds=START_SECONDS)
        return process

    def start_workers(self, log: KillLog, *, count: int, outside_every: float) -> subprocess.Popen[bytes]:
        """Start workers that are killed again and again: see `tests.chaos.worker`."""
        options = ["--count", str(count), "--outside-every", str(outside_every), "--log", str(log.path)]
        return self.start("workers", "-m", "tests.chaos.worker", *options)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
