"""The history as a file: all that fits, whatever its length, and harmless to a spreadsheet."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_finished
from django.db import close_old_connections

from integrations.models import Merchant
from tests.support import rest as world
from tests.support.rest import AT, Rest

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    return world.merchant()


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def leave(answer: Any) -> None:
    """As the server does when the client goes away; the test's own database connection is not to be closed with it."""
    request_finished.disconnect(close_old_connections)
    answer.close()
    request_finished.connect(close_old_connections)


def test_a_file_has_every_event_that_fits_once(merchant: Merchant, api: Rest) -> None:
    rows = world.events(merchant, [AT] * 1_500 + [AT + timedelta(minutes=1)] * 1_000)
    world.events(merchant, [AT + timedelta(days=1)])

    answer = api.get("events/export", occurred_before="2026-11-21T00:00:00Z", order="asc")
    lines = [json.loads(line) for line in body(answer).splitlines()]

    assert answer.headers["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert [int(line["id"]) for line in lines] == [row.pk for row in rows]
    assert lines[:2] == api.get("events", order="asc", limit=2).json()["items"]


def test_a_table_has_no_cell_that_a_spreadsheet_takes_for_a_formula(merchant: Merchant, api: Rest) -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", 'a"b,c\nd', "'", "plain"]
    for number, word in enumerate(hostile):
        world.events(merchant, [AT + timedelta(minutes=number)], order_number=word, value="-3.50", value_currency="EUR")

    answer = api.get("events/export", format="csv", order="asc", fields="order_number,value,properties")
    [head, *lines] = csv.reader(io.StringIO(body(answer).decode(), newline=""))

    assert head == ["order_number", "value", "properties"]
    assert [line[0] for line in lines] == [f"'{each}" for each in hostile[:6]] + hostile[6:]
    assert lines[0][1:] == ["'-3.5", '{"Number":0}']


def test_a_file_is_compressed_for_who_asks(merchant: Merchant, api: Rest) -> None:
    world.events(merchant, [AT] * 1_200)

    answer = api.get("events/export", headers={"Accept-Encoding": "gzip"}, fields="id")

    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(gzip.decompress(body(answer)).splitlines()) == 1_200


def test_a_long_file_takes_the_memory_of_a_page(merchant: Merchant, api: Rest) -> None:
    world.events(merchant, [AT + timedelta(seconds=number) for number in range(6_000)], properties={"x": "y" * 2_000})

    answer = api.get("events/export")
    tracemalloc.start()
    length = sum(len(part) for part in answer.streaming_content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert length > 13_000_000
    assert peak < 7_000_000


def test_only_so_many_run_at_a_time_and_one_that_is_left_makes_room(merchant: Merchant, api: Rest) -> None:
    world.events(merchant, [AT])
    running = [api.get("events/export") for _ in range(settings.API_LONG_REQUESTS)]

    refused = api.get("events/export")
    leave(running.pop())

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert len(body(api.get("events/export")).splitlines()) == 1
    for each in running:
        leave(each)
