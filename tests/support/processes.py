"""Processes as Linux shows them: found by a mark in their environment, so that none is overlooked and no other is touched."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.support.waiting import wait_for


def marked(mark: str) -> dict[int, str]:
    """Living processes with that mark in their environment: id -> command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return {pid: command for pid, command in found.items() if command}


def parent(pid: int) -> int:
    """A process's parent; 0 for one that has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def end_marked(mark: str) -> None:
    """End all of them at once, also those that are frozen, and wait until none is left, nor one that they just started."""

    def is_over() -> bool:
        left = marked(mark)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    wait_for(is_over, "the end of all processes")
