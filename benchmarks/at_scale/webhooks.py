"""How long one webhook takes from the hook to Klaviyo: `python -m benchmarks.at_scale.webhooks FIRST COUNT`."""

from __future__ import annotations

import json
import sys
import time

import django

django.setup()

from benchmarks.at_scale.asking import post  # noqa: E402
from integrations import inbound  # noqa: E402
from integrations.delivery.engine import Engine  # noqa: E402

SECONDS = 60
EVENTS = 2
"""What is told of a paid order."""

WARM_UP = 3


def one(number: int) -> dict[str, float]:
    """Milliseconds of each step for a new order. Raises `RuntimeError` if its events are not delivered."""
    instants = [time.perf_counter()]
    post(number)
    instants.append(time.perf_counter())
    inbound.handle_due(seconds=SECONDS)
    instants.append(time.perf_counter())
    sent = Engine().run(seconds=SECONDS).sent
    instants.append(time.perf_counter())
    if sent != EVENTS:
        raise RuntimeError(f"{sent} events of order {number} were sent instead of {EVENTS}")
    steps = zip(("post", "handle", "deliver"), instants[:-1], instants[1:], strict=True)
    return {name: (after - before) * 1000 for name, before, after in steps}


if __name__ == "__main__":
    first, count = int(sys.argv[1]), int(sys.argv[2])
    print(json.dumps([one(first + number) for number in range(count + WARM_UP)][WARM_UP:]))
