"""The first page: what happened, where deliveries stand, and what needs somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations import figures
from integrations.models import Connection, Delivery, Event, Lane, Merchant
from integrations.web.charts import stacked

from .conftest import SignIn
from .test_events import AT, record

NOW = AT + timedelta(hours=60)


@pytest.fixture
def connection(merchant: Merchant) -> Connection:
    made = Connection.objects.create(merchant=merchant, launch_at=AT - timedelta(days=30), launched_at=AT)
    Lane.objects.create(merchant=merchant, connection=made)
    return made


def test_days_are_the_merchants(merchant: Merchant, connection: Connection) -> None:
    """Ten at night in New York is the next day in UTC."""
    record(merchant, connection, 0)
    Event.objects.update(occurred_at=AT.replace(hour=3))

    found = figures.of(merchant, at=NOW)
    assert len(found.days) == figures.DAYS
    assert [(str(day), counts) for day, counts in found.days if counts] == [("2026-11-19", {"order_shipped": 1})]
    assert str(found.days[-1][0]) == "2026-11-22"


def test_deliveries_by_where_they_stand(merchant: Merchant, connection: Connection) -> None:
    states = ["sent"] * 4 + ["pending"] * 3 + ["held"] * 2 + ["dead", "skipped"]
    for number, state in enumerate(states):
        record_in(merchant, connection, number, state)

    found = figures.of(merchant, at=NOW)
    assert (found.sent, found.waiting, found.held, found.failed) == (4, 3, 2, 1)


def record_in(merchant: Merchant, connection: Connection, number: int, state: str, **values: Any) -> None:
    event = record(merchant, connection, number)
    Delivery.objects.filter(event=event).update(state=state, settled_at=NOW - timedelta(hours=1), **values)


def test_how_long_a_delivery_takes(merchant: Merchant, connection: Connection) -> None:
    for seconds in range(1, 101):
        record_in(merchant, connection, seconds, "sent", created_at=NOW - timedelta(hours=1, seconds=seconds))

    found = figures.of(merchant, at=NOW)
    assert (found.median, found.slow) == (50.5, 96)


def test_another_merchants_figures_are_its_own(merchant: Merchant, connection: Connection) -> None:
    record_in(merchant, connection, 1, "sent")
    other = Merchant.objects.create(name="Birch")

    found = figures.of(other, at=NOW)
    assert (found.total, found.sent) == (0, 0)


def test_the_page_shows_them_and_what_needs_somebody(
    merchant: Merchant, connection: Connection, sign_in: SignIn
) -> None:
    client = sign_in("viewer")
    with time_machine.travel(NOW, tick=False):
        empty = client.get(f"/m/{merchant.public_id}/").content.decode()
        record_in(merchant, connection, 1, "sent")
        Connection.objects.update(state="paused_auth")
        full = client.get(f"/m/{merchant.public_id}/").content.decode()

    assert "Nothing happened in the last 30 days" in empty
    assert "The key is refused." in full
    assert "Order shipped" in full


def test_a_day_is_a_column_whose_parts_are_metrics() -> None:
    """The seventh metric and what comes after it are one part."""
    metrics = [(f"m{number}", f"Metric {number}", 10 - number) for number in range(8)]
    chart = stacked([("Mon", {"m0": 3, "m1": 1}), ("Tue", {"m6": 2, "m7": 1}), ("Wed", {})], metrics)

    assert [label for _, _, label, _ in chart.legend][-2:] == ["Metric 5", "2 others"]
    assert [(part.texture, part.figure) for part in chart.columns[0].parts] == [(0, 3), (1, 1)]
    assert [(part.texture, part.figure) for part in chart.columns[1].parts] == [(6, 3)]
    assert chart.rows[1] == ("Tue", [0, 0, 0, 0, 0, 0, 3], 3)
    (large, small), (ground, _) = chart.columns[0].parts, (chart.ground, None)
    assert large.y + large.height == pytest.approx(ground, abs=0.2)
    assert small.y + small.height == pytest.approx(large.y, abs=0.2)


@pytest.mark.parametrize(
    ("most", "scale"), [(0, [0, 1]), (3, [0, 1, 2, 3]), (9, [0, 2, 4, 6, 8, 10]), (150, [0, 50, 100, 150])]
)
def test_a_scale_has_few_round_figures(most: int, scale: list[int]) -> None:
    chart = stacked([("Mon", {"m": most})], [("m", "Metric", most)])
    assert [figure for figure, _ in chart.scale] == scale


def test_what_is_counted_elsewhere_leads_to_its_list(merchant: Merchant, sign_in: SignIn) -> None:
    page = sign_in("viewer").get(f"/m/{merchant.public_id}/").content.decode()
    assert "Open issues" in page
    assert f'href="/m/{merchant.public_id}/issues/"' in page


def test_the_page_costs_the_same_however_much_happened(
    merchant: Merchant, connection: Connection, sign_in: SignIn
) -> None:
    client, counts = sign_in("viewer"), []
    with time_machine.travel(NOW, tick=False):
        for count in (1, 30):
            for number in range(count):
                record_in(merchant, connection, 100 * count + number, "sent")
            with CaptureQueriesContext(database) as queries:
                client.get(f"/m/{merchant.public_id}/")
            counts.append(len(queries))

    assert counts[0] == counts[1] <= 20


def test_what_is_open_before_going_live_leads_to_where_it_is_settled(
    merchant: Merchant, connection: Connection, sign_in: SignIn
) -> None:
    client = sign_in("owner")
    with time_machine.travel(NOW, tick=False):
        page = client.get(f"/m/{merchant.public_id}/").content.decode()
        for text, path in (("Metrics are on", "metrics"), ("A source is connected", "sources")):
            assert f'<a href="/m/{merchant.public_id}/{path}/">{text}</a>' in page

        record_in(merchant, connection, 1, "sent")
        assert "On the way to going live" not in client.get(f"/m/{merchant.public_id}/").content.decode()


def test_without_an_account_the_page_says_who_goes_on(merchant: Merchant, sign_in: SignIn) -> None:
    page = sign_in("owner").get(f"/m/{merchant.public_id}/").content.decode()

    assert "Your contact at Tidings does it." in page
