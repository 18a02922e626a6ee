from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from config import env
from config.demo import processes, show
from config.demo.processes import ProcessEnded, Processes
from config.management.commands import demo

ARRIVED = re.compile(r"All [\d,]+ expected events arrived exactly once, and no other\.")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_the_environment_is_the_demos_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://precious")
    monkeypatch.setenv("SECRET_KEY_FILE", "/precious")
    monkeypatch.setenv("ALLOWED_HOSTS", "precious.example")
    monkeypatch.setenv("UNRELATED", "stays")

    made = processes.environment(tmp_path, web_port=8100, sandbox_port=8101)

    assert not any("precious" in value for value in made.values())
    assert (made["UNRELATED"], made["ENV_FILE"]) == ("stays", "")
    assert made["KLAVIYO_BASE_URL"] == "http://127.0.0.1:8101"


def test_keys_are_new_each_time(tmp_path: Path) -> None:
    one, other = (processes.environment(tmp_path, web_port=1, sandbox_port=2) for _ in range(2))
    assert one["SECRET_KEY"] != other["SECRET_KEY"]
    assert one["TIDINGS_ENCRYPTION_KEYS"] != other["TIDINGS_ENCRYPTION_KEYS"]


def test_a_port_in_use_is_named(taken: int, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"port {taken} is in use: .* --port"):
        call_command("demo", "--port", str(taken), "--directory", str(tmp_path))


def test_a_run_to_the_end_takes_other_ports(taken: int) -> None:
    assert taken not in demo._ports(taken, once=True)


def test_speed_must_be_above_0(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--speed: '0' is not a number above 0"):
        call_command("demo", "--speed", "0", "--directory", str(tmp_path))


def test_two_demos_in_one_directory_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CommandError, match="another demo is running"), demo._alone(tmp_path):
            pass


def test_a_process_that_ends_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Processes(tmp_path) as running:
        running.start("broken", "-c", "raise SystemExit('no such luck')")
        with pytest.raises(ProcessEnded, match=r"the broken ended with status 1:\nno such luck"):
            running.wait_until("broken", lambda: False, seconds=30)


def test_a_process_that_does_not_get_ready_is_reported(tmp_path: Path) -> None:
    with Processes(tmp_path) as running:
        running.start("slow", "-c", "import time; time.sleep(60)")
        with pytest.raises(ProcessEnded, match="the slow is not ready after 0 s"):
            running.wait_until("slow", lambda: False, seconds=0)


def test_what_does_not_end_when_asked_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    with Processes(tmp_path) as running:
        running.start("deaf", "-c", deaf)
        running.wait_until("deaf", lambda: "deaf" in (tmp_path / "deaf.log").read_text(), seconds=30)
        pid = running._running["deaf"].pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("complete", [True, False])
def test_a_run_to_the_end_fails_unless_every_event_arrived_once(
    complete: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show, "run", lambda *_, **__: complete)
    incomplete = pytest.raises(CommandError, match="not every event arrived exactly once; the logs are in")
    with contextlib.nullcontext() if complete else incomplete:
        demo.Command()._run(tmp_path, once=True, speed=1.0, days=0)


@pytest.mark.full
def test_a_run_to_the_end_ends(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "manage.py",
        "demo",
        "--once",
        "--speed",
        "4",
        "--days",
        "3",
        "--directory",
        str(tmp_path),
    ]
    ended = subprocess.run(command, cwd=env.ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ARRIVED.search(ended.stdout)
    assert running_on(tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to look for what is left")
def test_every_event_arrives_exactly_once_and_nothing_is_left_running_when_it_is_stopped(tmp_path: Path) -> None:
    output = tmp_path / "output"
    command = [sys.executable, "manage.py", "demo", "--speed", "20", "--days", "1"]
    command += ["--port", str(free_pair()), "--directory", str(tmp_path)]
    with output.open("w") as stdout, subprocess.Popen(command, cwd=env.ROOT, stdout=stdout) as process:
        try:
            give_up_at = time.monotonic() + 300
            while "New orders keep coming in" not in output.read_text():
                assert process.poll() is None
                assert time.monotonic() < give_up_at
                time.sleep(0.2)
            assert len(running_on(tmp_path)) > 5
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(90) == 0
    assert ARRIVED.search(output.read_text())
    assert running_on(tmp_path) == []


def free_pair() -> int:
    """A free port whose successor is free too."""
    return next(port for port in iter(processes.free_port, None) if processes.is_free(port + 1))


def running_on(directory: Path) -> list[str]:
    """Processes whose database is in that directory, whichever session they are in."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if str(directory).encode() in environment.read_bytes():
                found.append(environment.parent.name)
    return found
