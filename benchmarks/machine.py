"""What the kernel says of processes, and what this machine is. Linux only: everything is read from /proc."""

from __future__ import annotations

import os
import platform
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the command's name; nothing for a process that is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and of the children that it has waited for."""
    return sum(int(field) for field in _stat(pid)[11:15]) / TICKS


def family_of(pid: int) -> list[int]:
    """A process and everything that descends from it."""
    parents = {int(path.name): _stat(int(path.name)) for path in PROC.iterdir() if path.name.isdecimal()}
    family = [pid]
    for member in family:
        family += [child for child, stat in parents.items() if stat and int(stat[1]) == member]
    return family


def cpu_of_family(pid: int) -> float:
    """CPU seconds of a process and everything that descends from it, the ended ones included."""
    return sum(cpu_of(member) for member in family_of(pid))


def peak_memory_of_family(pid: int) -> float:
    """MB: the largest resident set that each process of a family ever had, added up."""
    return sum(_peak_memory_of(member) for member in family_of(pid))


def _peak_memory_of(pid: int) -> float:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def memory_of(pid: int) -> float:
    """MB of a process's resident set now."""
    pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def is_postgres(pid: int) -> bool:
    """Whether that process of this machine is a PostgreSQL server's: not so where the server is elsewhere."""
    try:
        return (PROC / str(pid) / "comm").read_text().strip() == "postgres"
    except FileNotFoundError:
        return False


def facts() -> list[str]:
    """What a reader must know of this machine to read the figures."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    return [
        f"{os.cpu_count()} x {cpu}",
        f"{memory:.0f} GB",
        f"CPython {platform.python_version()}",
        platform.platform(),
    ]
