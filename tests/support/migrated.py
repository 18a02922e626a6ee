"""A migrated SQLite database, made once for all test processes and runs of the same code: migrating takes seconds each time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from config.env import ROOT

MADE_OF = ("config", "integrations", "tracking", "returns", "loyalty", "lifecycle", "requirements")


def copy(file: Path, *, folder: Path) -> None:
    """Put it at `file`. What was made of older code is removed from `folder`."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder / f"{state_of_the_code()}.sqlite3"
        if not made.exists():
            for older in folder.glob("*.sqlite3*"):
                older.unlink()
            unfinished = made.with_suffix(".sqlite3-unfinished")
            make(unfinished)
            unfinished.rename(made)
        shutil.copy(made, file)


def state_of_the_code() -> str:
    """Another one whenever the tables or the first rows might be others."""
    files = [path for name in MADE_OF for path in (ROOT / name).rglob("*") if path.suffix in (".py", ".txt", ".json")]
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT)} {path.stat().st_size} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def make(file: Path) -> None:
    """In a process of its own, as it is done in production."""
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{file}"}
    for command in (["migrate", "-v", "0"], ["createcachetable"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)
