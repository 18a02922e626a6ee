"""Two merchants with the same numbers: each has its own of everything, and what one does changes nothing of the other."""

from __future__ import annotations

from typing import Any

import pytest

from integrations import customers, erasure, inbound
from integrations.audit import Actor
from integrations.models import Customer, Delivery, Event, Merchant
from integrations.people import PersonInput
from loyalty.models import Allocation, Grant, LedgerEntry, Lot, Member
from returns.models import Return, ReturnItem
from tests.integrations.tenants import AT, DAY, everything, hear, make_merchant, story
from tests.integrations.test_tenancy import NOBODYS, OURS
from tests.support.payloads import easypost_tracker, shopify_fulfillment_event, shopify_order
from tracking import services
from tracking.models import Order, OrderLine, Scan, Shipment, WishlistItem
from tracking.services import policies


@pytest.fixture
def pair(db: None) -> tuple[Merchant, Merchant]:
    """Two merchants; both have every metric on."""
    return make_merchant("Alba"), make_merchant("Bora")


def test_two_merchants_with_the_same_numbers_have_their_own_of_everything(pair: tuple[Merchant, Merchant]) -> None:
    for merchant in pair:
        story(merchant, merchant.name)

    for merchant, other in (pair, pair[::-1]):
        rows = everything(merchant)
        assert f"canary-{other.name}" not in repr(rows)
        assert repr(rows).count(f"canary-{merchant.name}") > 5
        assert [len(rows[model.__name__]) for model in (Customer, Order, OrderLine, Shipment, Scan)] == [1, 1, 1, 1, 2]
        assert [len(rows[model.__name__]) for model in (Return, ReturnItem, WishlistItem)] == [1, 1, 1]
        loyalty = (Member, Grant, LedgerEntry, Lot, Allocation)
        assert [len(rows[model.__name__]) for model in loyalty] == [1, 1, 2, 1, 1]
        assert (len(rows["Event"]), len(rows["Delivery"]), len(rows["InboundMessage"])) == (22, 22, 5)


def test_rows_of_a_merchant_hang_on_rows_of_the_same_one(pair: tuple[Merchant, Merchant]) -> None:
    for merchant in pair:
        story(merchant, merchant.name)

    checked = 0
    for model in OURS:
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model in OURS and field.related_model not in NOBODYS:
                checked += 1
                astray = model._default_manager.exclude(**{f"{field.name}__isnull": True}).values_list(
                    "merchant", f"{field.name}__merchant"
                )
                assert all(mine == theirs for mine, theirs in astray), f"{model.__name__}.{field.name}"
    assert checked >= 17


ACTIONS: dict[str, Any] = {
    "order deleted": lambda m: services.forget_order(merchant=m, order_external_id="1", at=AT + DAY),
    "order cancelled": lambda m: hear(
        m, "shopify", "orders/cancelled", shopify_order(1, at=AT, updated_at=AT + DAY, cancelled_at=AT.isoformat())
    ),
    "parcel scanned": lambda m: hear(
        m, "easypost", "tracker.updated", easypost_tracker([("return_to_sender", AT + DAY)], event_id="evt_2")
    ),
    "shop's scan": lambda m: hear(
        m,
        "shopify",
        "fulfillment_events/create",
        shopify_fulfillment_event("failure", at=AT + DAY, fulfillment_id=5, order_id=1),
    ),
    "refunded": lambda m: hear(
        m,
        "shopify",
        "refunds/create",
        {
            "id": 9,
            "order_id": 1,
            "created_at": (AT + DAY).isoformat(),
            "refund_line_items": [{"line_item_id": 11, "quantity": 1, "restock_type": "cancel"}],
        },
    ),
    "return closed": lambda m: hear(m, "shopify", "returns/close", {"id": 3, "order_id": 1, "status": "closed"}),
    "settings changed": lambda m: policies.change(m, by=None, at=AT + DAY, hours_in_transit=24),
    "shopper renamed": lambda m: customers.resolve(
        m, PersonInput(email="ann@new.example", external_id="7"), at=AT + DAY
    ),
    "shopper erased": lambda m: erasure.requested(
        merchant=m, person=PersonInput(email="ann@shopper.example"), by=Actor(label="a test"), at=AT + DAY
    ),
    "messages released": lambda m: inbound.release(m, "parcel:1ZUNKNOWN", "order:1"),
    "app uninstalled": lambda m: hear(m, "shopify", "app/uninstalled", {"id": 1}),
    "shop erased": lambda m: hear(m, "shopify", "shop/redact", {"id": 1, "shop_domain": "alba.myshopify.com"}),
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS.keys())
def test_what_one_merchant_does_changes_nothing_of_another(pair: tuple[Merchant, Merchant], action: Any) -> None:
    mine, theirs = pair
    for merchant in pair:
        story(merchant, merchant.name)
    hear(theirs, "easypost", "tracker.updated", easypost_tracker([("in_transit", AT)], number="1ZUNKNOWN"))
    inbound.handle_due(seconds=20, clock=lambda: AT + DAY)
    before, state = everything(theirs), Merchant.objects.get(pk=theirs.pk).state

    action(mine)
    inbound.handle_due(seconds=20, merchant=mine, clock=lambda: AT + DAY)

    assert everything(theirs) == before
    assert Merchant.objects.get(pk=theirs.pk).state == state


def test_the_action_does_change_something_of_its_own(pair: tuple[Merchant, Merchant]) -> None:
    """That the test above would notice a change at all."""
    mine, _ = pair
    story(mine, "Alba")
    before = everything(mine)

    ACTIONS["order cancelled"](mine)
    inbound.handle_due(seconds=20, clock=lambda: AT + DAY)

    after = everything(mine)
    assert after["Order"] != before["Order"]
    assert Event.objects.filter(metric="order_cancelled").count() == 1
    assert Delivery.objects.filter(event__metric="order_cancelled").count() == 1
