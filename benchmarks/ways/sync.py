"""`python -m benchmarks.ways.sync FEED`: an initial sync from a feed's very beginning, read, parsed and sent by one worker."""

from __future__ import annotations

import sys
from datetime import timedelta
from urllib.parse import urlsplit

import django

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.environment import KEY  # noqa: E402
from benchmarks.processes import take_part  # noqa: E402
from integrations import posting  # noqa: E402
from integrations.audit import Actor  # noqa: E402
from integrations.delivery.engine import Engine  # noqa: E402
from integrations.fields import Sealed  # noqa: E402
from integrations.models import Connection, Lane, Merchant  # noqa: E402
from lifecycle import kinds, log  # noqa: E402
from lifecycle.models import LogSync  # noqa: E402
from lifecycle.models.feed import FASTEST  # noqa: E402
from lifecycle.services import feeds, syncs  # noqa: E402
from tests.support.log_feed import SECRET  # noqa: E402

SECONDS = 2.0
"""For which each of the two steps works before it is the other's turn."""


def run(sync: LogSync) -> int:
    """Both steps in turn until all is sent; returns how many events were."""
    sent, is_open = 0, True
    while is_open:
        log.work(seconds=SECONDS)
        _analyze()
        sync.refresh_from_db()
        is_open = sync.is_open
        sent += Engine().run(seconds=SECONDS if is_open else 600).sent
    return sent


def _analyze() -> None:
    """What autovacuum does wherever it is on: else the plans of the first rows, of an empty database, would be kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE integrations_customer, integrations_event, integrations_delivery, lifecycle_activity, lifecycle_plan"
        )


def begin(url: str) -> LogSync:
    """A launched merchant with the log's metrics on, whose past is to be gone through."""
    at = timezone.now()
    merchant = Merchant.objects.create(name="Kiva")
    launched = at - timedelta(days=30)
    on = list(kinds.METRICS.values())
    account = Connection.objects.create(
        merchant=merchant, secret=Sealed.of(KEY), launch_at=launched, launched_at=launched, enabled_metrics=on
    )
    Lane.objects.create(merchant=merchant, connection=account)
    by = Actor(label="a benchmark")
    feeds.set_feed(merchant=merchant, url=url, secret=SECRET, by=by, at=at)
    return syncs.begin(merchant=merchant, since=None, pace=FASTEST, by=by, at=at)


if __name__ == "__main__":
    given = urlsplit(sys.argv[1])
    # A feed on this machine is no address outside, in production.
    posting.check = lambda url: posting.Target(
        "http", "127.0.0.1", given.port or 80, f"{given.path}?{urlsplit(url).query}"
    )
    posting._is_outside = lambda text: True
    begun = begin(sys.argv[1])
    take_part(lambda: run(begun))
