"""How long lists and searches of the admin take: `python -m benchmarks.at_scale.lists SHOPPER RUNS`."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import django

django.setup()

from django.core.cache import caches  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from benchmarks.at_scale.asking import pages, staff  # noqa: E402


def measured(shopper: int, runs: int) -> dict[str, dict[str, Any]]:
    """Page -> milliseconds of each run with nothing cached in the process, and how many statements it made.

    Every run looks for the events of another shopper.
    """
    client = staff()
    found: dict[str, dict[str, Any]] = {}
    for name, path in pages(shopper).items():
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path)
        found[name] = {"status": answer.status_code, "statements": len(captured), "milliseconds": []}
    for run in range(1, runs + 1):
        for name, path in pages(shopper + run).items():
            caches["process"].clear()
            began = time.perf_counter()
            client.get(path)
            found[name]["milliseconds"].append((time.perf_counter() - began) * 1000)
    return found


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]), int(sys.argv[2]))))
