"""The same news in any order and as often as you like come to the same return and to the same events, once each."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from django.db import transaction
from hypothesis import strategies as st

from integrations import inbound, sources
from integrations.models import Event, InboundMessage, Merchant
from returns.models import Return, ReturnItem
from tests.returns.telling import merchant_with_returns
from tests.support.examples import tried_with
from tests.support.payloads import loop_return, shopify_order, shopify_return
from tests.tracking.telling import AT, DAY, HOUR

ORDER = shopify_order(1, at=AT, number="#1")
REFUND = {"id": 9, "order_id": 1, "created_at": (AT + 5 * DAY).isoformat(), "return": {"id": 7}}
CLOSED = {"id": 7, "order_id": 1, "status": "closed"}

BY_SHOPIFY = (
    ("shopify", "orders/create", ORDER),
    ("shopify", "returns/request", shopify_return(7, 1)),
    ("shopify", "returns/approve", shopify_return(7, 1, status="open")),
    ("shopify", "refunds/create", REFUND),
    ("shopify", "returns/close", CLOSED),
)


def _loop(**more: Any) -> dict[str, Any]:
    return loop_return(7, 1, at=AT + 2 * DAY, order_name="#1", **more)


BY_LOOP = (
    ("shopify", "orders/create", ORDER),
    ("loop", "return.created", _loop()),
    ("loop", "return.updated", _loop(trigger="return.updated", label_status="in_transit", edited_at=AT + 3 * DAY)),
    ("loop", "return.closed", _loop(trigger="return.closed", state="closed", edited_at=AT + 4 * DAY)),
)


def hear(merchant: Merchant, number: int, source: str, topic: str, payload: Any) -> None:
    """A message comes in, and all that can be handled is."""
    kind = sources.get(source)
    headers = {**kind.headers_for(topic), "x-shopify-webhook-id": f"w-{number}"}
    # Loop has no id of a delivery: what it repeats is the same message.
    inbound.receive(merchant, kind, json.dumps({**payload, "n": number}).encode(), headers, at=AT + 6 * DAY)
    inbound.handle_due(seconds=20, clock=lambda: AT + 6 * DAY + HOUR)


def outcome(messages: list[tuple[str, str, Any]]) -> tuple[Counter[str], Any, Any]:
    """The events of returns, the return and its items, after these messages; nothing of it is kept."""
    with transaction.atomic():
        merchant = merchant_with_returns()
        for number, message in enumerate(messages):
            hear(merchant, number, *message)
        events = Event.objects.filter(merchant=merchant, metric__startswith="return")
        told = Counter(events.values_list("unique_id", flat=True))
        row = Return.objects.filter(merchant=merchant).values(
            "external_id", "status", "order_number", "customer__email"
        )
        items = ReturnItem.objects.filter(merchant=merchant).order_by("external_id")
        found = told, list(row), list(items.values_list("external_id", "quantity", "sku", "value_minor"))
        assert not InboundMessage.objects.filter(merchant=merchant, state=InboundMessage.State.FAILED).exists()
        transaction.set_rollback(True)
    return found


def shuffled(messages: tuple[Any, ...]) -> Any:
    """Every message at least once, in any order, some of them again."""
    repeated = st.lists(st.sampled_from(messages), max_size=3)
    return repeated.flatmap(lambda more: st.permutations([*messages, *more]))


def _same(messages: list[Any], expected: tuple[Any, ...]) -> None:
    told, rows, items = outcome(messages)
    first_told, first_rows, first_items = outcome(list(expected))
    assert (told, rows, items) == (first_told, first_rows, first_items)
    assert set(told.values()) == {1}
    assert len(told) >= 6


@tried_with(6, 200, messages=shuffled(BY_SHOPIFY))
def test_shopifys_topics_in_any_order(db: None, messages: list[Any]) -> None:
    _same(messages, BY_SHOPIFY)


@tried_with(6, 200, messages=shuffled(BY_LOOP))
def test_loops_webhooks_in_any_order(db: None, messages: list[Any]) -> None:
    _same(messages, BY_LOOP)
