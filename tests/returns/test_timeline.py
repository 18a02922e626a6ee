"""Why? tells of returns that wait."""

from __future__ import annotations

import pytest

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
