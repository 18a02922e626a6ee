"""One django-q2 task per event, on the ORM broker; the task posts with a session that its process keeps.

In its favour: the tasks are queued before the clock starts, they carry the whole document, and nothing is written back but the
queue's own rows. `python -m benchmarks.ways.queue fill EVENTS` queues them beside the queue, in the table `staged`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import cache
from typing import Any

import django
import requests

from benchmarks.environment import KEY
from benchmarks.processes import take_part
from benchmarks.stub import counts
from benchmarks.ways.events import single, waiting

HEADERS = {
    "Authorization": f"Klaviyo-API-Key {KEY}",
    "Content-Type": "application/vnd.api+json",
    "revision": "2026-07-15",
}
LOOK_EVERY = 0.05
PATIENCE = 600


@cache
def session() -> requests.Session:
    """This process's connections."""
    return requests.Session()


def post(document: dict[str, Any]) -> None:
    """The task: send one event."""
    session().post(
        os.environ["KLAVIYO_BASE_URL"] + "/api/events", json=document, headers=HEADERS, timeout=30
    ).raise_for_status()


def fill(most: int) -> None:
    """Queue the first events of the backlog, and put the queued tasks aside."""
    from django.db import connection
    from django_q.tasks import async_task

    for row in waiting(os.environ["DATABASE_URL"], 0, 1)[:most]:
        async_task("benchmarks.ways.queue.post", single(row, json.loads(row["properties"])))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE staged AS SELECT * FROM django_q_ormq ORDER BY id")
        cursor.execute("TRUNCATE django_q_ormq")
        cursor.execute("VACUUM ANALYZE")


def work() -> int:
    """Queue what was put aside, in one statement, and wait until the cluster has sent it; returns how many."""
    from django.db import connection

    url = os.environ["KLAVIYO_BASE_URL"]
    before = counts(url).events
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_q_ormq SELECT * FROM staged")
        queued = cursor.rowcount
    deadline = time.monotonic() + PATIENCE
    while counts(url).events - before < queued and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY)
    return counts(url).events - before


def main() -> None:
    """Fill, or take part as a whole cluster."""
    django.setup()
    if sys.argv[1:2] == ["fill"]:
        fill(int(sys.argv[2]))
        return
    from django_q.cluster import Cluster

    cluster = Cluster()
    cluster.start()
    take_part(work)
    cluster.stop()


if __name__ == "__main__":
    main()
