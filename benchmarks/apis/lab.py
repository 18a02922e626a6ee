"""The web servers of each way, all by the same gunicorn with the same number of processes and threads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.apis import BARE, OURS, REST, WRITTEN
from benchmarks.databases import Server
from benchmarks.environment import ROOT, environment
from benchmarks.web import GUNICORN, PLAIN_GUNICORN, serving

COMMANDS = {
    OURS: GUNICORN,
    BARE: (*PLAIN_GUNICORN, "benchmarks.apis.bare:application"),
    WRITTEN: (*PLAIN_GUNICORN, "benchmarks.apis.bare:written_by_database"),
    REST: GUNICORN,
}
CHANGES = {
    OURS: {"API_REQUESTS_PER_MINUTE": "1000000"},
    REST: {"DJANGO_SETTINGS_MODULE": "benchmarks.apis.rest_settings"},
}


@dataclass(frozen=True, slots=True)
class Lab:
    """A filled database, the token of its largest merchant, and list -> way -> addresses."""

    server: Server
    database: str
    token: str
    lists: dict[str, dict[str, list[str]]]

    @classmethod
    def of(cls, server: Server, database: str) -> Lab:
        """Make the token and the addresses."""
        found = asked(server, database, "addresses")
        return cls(server, database, found["token"], found["lists"])

    @property
    def headers(self) -> dict[str, str]:
        """What a client of the product sends."""
        return {"Authorization": f"Bearer {self.token}"}

    @contextmanager
    def serving(self, way: str, *, processes: int = 2) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
        """A way's web server; gives its process and its port."""
        url = self.server.url_of(self.database)
        with serving(COMMANDS[way], url, CHANGES.get(way, {}), processes=processes) as served:
            yield served


def asked(server: Server, database: str, module: str, *arguments: object, lines: Sequence[str] = ()) -> Any:
    """What a worker of this package prints, which is JSON."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.apis.{module}", *map(str, arguments)],
        cwd=ROOT,
        env=environment(server.url_of(database)),
        input="\n".join(lines).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)
