"""Why? tells of returns that wait."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Merchant
from integrations.timeline import about_order
from returns import timeline
from tests.returns.telling import merchant_with_returns, order, send_back


@pytest.fixture
def merchant(db: None) -> Merchant:
    return merchant_with_returns()


def told(merchant: Merchant) -> list[str]:
    return [each.title for each in timeline.tell(merchant, about_order("#1"))]


def test_a_return_that_waits_for_its_order_is_told_of_until_that_comes(merchant: Merchant) -> None:
    send_back(merchant, order_external_id="", order_number="#1")
    assert told(merchant) == ["The return r1 waits for its order"]

    order(merchant)

    assert told(merchant) == []


def test_a_return_that_waits_for_its_items_is_told_of(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant, items=())

    assert told(merchant) == ["The return r1 waits for its items"]


def only(merchant: Merchant, *metrics: str) -> Merchant:
    """The merchant with these metrics on and no others."""
    merchant.connections.update(enabled_metrics=list(metrics))
    return Merchant.objects.get(pk=merchant.pk)


def test_what_was_not_told_since_a_metric_was_off_is_said(merchant: Merchant) -> None:
    merchant = only(merchant, "return_created")
    order(merchant)
    send_back(merchant)
    assert told(merchant) == ["Metrics that are off"]

    assert told(only(merchant, "return_created", "return_created_item")) == ["No event: Return Created Item"]


def test_it_asks_no_more_for_more_returns(merchant: Merchant) -> None:
    order(merchant)
    counts = []
    for number in (1, 5):
        for key in range(number):
            send_back(merchant, f"r{number}{key}")
        with CaptureQueriesContext(connection) as queries:
            told(merchant)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 4
