"""The front page: all merchants at a glance."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import ticks, vitals
from integrations.models import Connection, Merchant, Tick

from . import rows


def test_overview_counts_the_last_day(merchant: Merchant) -> None:
    rows.delivery(rows.event(merchant, "#1"), "sent", settled_at=rows.AT - timedelta(hours=2))
    rows.delivery(rows.event(merchant, "#2"), "sent", settled_at=rows.AT - timedelta(hours=30))
    rows.delivery(rows.event(merchant, "#3"), "dead", settled_at=rows.AT - timedelta(hours=2))
    rows.delivery(rows.event(merchant, "#4"), "pending")
    rows.event(merchant, "#5", occurred_at=rows.AT - timedelta(days=2))
    rows.message(merchant, "a", "failed")
    rows.message(merchant, "b", "received")
    found = vitals.overview(at=rows.AT)

    assert (found.merchants, found.events, found.sent, found.failed, found.backlog) == (1, 4, 1, 1, 1)
    assert (found.unhandled, found.failed_messages, found.paused, found.silent) == (1, 1, 0, 0)


def test_hours_are_24_and_hold_what_ended_in_them(merchant: Merchant) -> None:
    rows.delivery(rows.event(merchant, "#1"), "sent", settled_at=rows.AT)
    rows.delivery(rows.event(merchant, "#2"), "sent", settled_at=rows.AT - timedelta(hours=23))
    rows.delivery(rows.event(merchant, "#3"), "dead", settled_at=rows.AT - timedelta(hours=23) + timedelta(minutes=59))
    hours = vitals.overview(at=rows.AT + timedelta(minutes=10)).hours

    assert [(hour.sent, hour.failed) for hour in hours] == [(1, 1), *[(0, 0)] * 22, (1, 0)]


def test_overview_asks_as_often_for_many_merchants_as_for_one(merchant: Merchant) -> None:
    counts = []
    for start, end in ((0, 1), (1, 20)):
        for index in range(start, end):
            rows.delivery(rows.event(rows.merchant(f"Shop {index}")), "dead")
        with CaptureQueriesContext(connection) as captured:
            vitals.overview(at=rows.AT)
        counts.append(len(captured))

    assert counts == [7, 7]


def test_heartbeat_shows_whether_workers_work(csm: Client, merchant: Merchant) -> None:
    without = csm.get("/admin/").content.decode()
    with ticks.running("heartbeat"):
        pass
    caches["process"].clear()
    living = csm.get("/admin/").content.decode()
    Tick.objects.update(finished_at=timezone.now() - timedelta(minutes=3))
    caches["process"].clear()
    late = csm.get("/admin/").content.decode()

    said = "No worker shows a sign of life"
    assert (said in without, said in living, said in late) == (True, False, True)


def test_page_is_worked_out_at_most_every_ten_seconds(csm: Client, merchant: Merchant) -> None:
    csm.get("/admin/")
    with CaptureQueriesContext(connection) as captured:
        csm.get("/admin/")

    assert not [query for query in captured.captured_queries if "integrations_" in query["sql"]]


def test_merchants_in_trouble_are_named(csm: Client, merchant: Merchant) -> None:
    Connection.objects.update(state=Connection.State.PAUSED_SCOPE)
    page = csm.get("/admin/").content.decode()

    assert ("the key lacks a scope" in page, merchant.name in page) == (True, True)


def test_empty_installation_invites_to_take_on_a_merchant(csm: Client) -> None:
    assert "There is no merchant yet." in csm.get("/admin/").content.decode()


def test_every_page_has_the_icon(csm: Client, db: Any) -> None:
    assert "integrations/favicon.svg" in csm.get("/admin/").content.decode()
