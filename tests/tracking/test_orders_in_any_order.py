"""Six states of an order, told in any order: the same order and the same events come of it."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.db import transaction

from integrations.models import Event, Merchant
from integrations.people import PersonInput
from tests.support.naughty import sample
from tests.tracking.telling import AT, make_merchant
from tracking import services
from tracking.inputs import LineInput, OrderInput
from tracking.models import Order

HOUR = timedelta(hours=1)
ALL = list(itertools.permutations(range(6)))


def told(key: str, state: int) -> OrderInput:
    """The order at the hour `state`: placed, paid, with a new number, another shopper, another quantity, cancelled."""
    return OrderInput(
        external_id=key,
        number=f"#{key}" + ("-B" if state >= 2 else ""),
        created_at=AT,
        updated_at=AT + state * HOUR,
        person=PersonInput(email="bob@shopper.example" if state >= 3 else "ann@shopper.example"),
        is_paid=state >= 1,
        cancelled_at=AT + 5 * HOUR if state == 5 else None,
        lines=(LineInput("1", "Jumper", quantity=1 if state >= 4 else 2, ordered=2),),
    )


def outcome(merchant: Merchant, key: str, states: tuple[int, ...]) -> tuple[object, ...]:
    """Tell the states in this order, the first two again; what the order then is. No event may be there twice."""
    for state in (*states, *states[:2]):
        with transaction.atomic():
            services.ingest_order(merchant=merchant, order=told(key, state), at=AT + 6 * HOUR)
    order = Order.objects.for_merchant(merchant).get(external_id=key)
    events = Event.objects.for_merchant(merchant).filter(subject=order.subject).values_list("metric", flat=True)
    line = order.lines.get()
    assert len(events) == len(set(events))
    return order.number[-1], order.cancelled_at, line.quantity, order.source_updated_at, order.customer_id


@pytest.mark.parametrize("most", [36, pytest.param(720, marks=pytest.mark.full)])
def test_an_order_comes_out_the_same_in_whatever_order_it_is_told(db: None, most: int) -> None:
    merchant = make_merchant()
    outcomes = {outcome(merchant, f"{number:06d}", states) for number, states in enumerate(sample(ALL, most))}

    assert len(ALL) == 720
    assert len(outcomes) == 1
