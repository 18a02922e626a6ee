"""What two workers, or a worker and a merge, do to the same subscribers at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from integrations.audit import Actor
from integrations.models import Event, Merchant
from lifecycle import kinds, reading, services
from lifecycle.models import Activity
from lifecycle.services import syncs
from tests.support import rest
from tests.support.log_feed import made

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def merchant() -> Merchant:
    made = rest.merchant()
    made.connections.update(enabled_metrics=list(kinds.METRICS.values()), launch_at=AT - timedelta(days=900))
    return made


def at_once(*deeds: Callable[[], object]) -> None:
    """Do each in a thread of its own; what one raises is raised here."""

    def run(deed: Callable[[], object]) -> None:
        try:
            deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        for done in [pool.submit(run, each) for each in deeds]:
            done.result(timeout=60)


def test_a_sync_does_not_end_while_a_merge_or_an_erasure_has_entries_of_it_in_hands(merchant: Merchant) -> None:
    services.record(merchant=merchant, entries=[reading.entry(made(0), at=AT)], at=AT)
    Activity.objects.update(parsed_at=AT, note="its metric is turned off")
    sync = syncs.begin(merchant=merchant, since=None, pace=600_000, by=Actor(label="a test"), at=AT)
    is_held, is_tried = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(Activity.objects.select_for_update())
            is_held.set()
            assert is_tried.wait(30)

    def parse() -> None:
        assert is_held.wait(30)
        try:
            assert syncs.parse_on(sync, at=AT + MINUTE) == 0
        finally:
            is_tried.set()

    at_once(hold, parse)
    syncs.parse_on(sync, at=AT + 2 * MINUTE)

    assert list(Event.objects.values_list("unique_id", flat=True)) == ["log:e0"]
