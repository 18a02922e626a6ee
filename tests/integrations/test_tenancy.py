"""Tenants: every row says whose it is, every query asks, and two merchants with the same numbers never meet."""

from __future__ import annotations

import ast
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import Field, Model, UniqueConstraint

from integrations import customers, erasure, inbound, sources
from integrations.audit import Actor
from integrations.catalog import catalog
from integrations.fields import Sealed
from integrations.models import (
    Connection,
    Customer,
    Delivery,
    Event,
    InboundMessage,
    Lane,
    Lease,
    Merchant,
    MerchantRemoval,
    ShopDomain,
    StaffToken,
    Tick,
)
from integrations.people import PersonInput
from loyalty.models import Allocation, Grant, LedgerEntry, Lot, Member
from loyalty.services import programmes
from returns.models import Return, ReturnItem
from tests.support.payloads import (
    easypost_tracker,
    shopify_fulfillment,
    shopify_fulfillment_event,
    shopify_order,
    shopify_return,
)
from tracking import services
from tracking.inputs import WishInput
from tracking.models import Order, OrderLine, PostCount, Scan, Shipment, WishlistItem
from tracking.services import policies

OURS = [
    model
    for app in ("integrations", "tracking", "returns", "loyalty", "lifecycle")
    for model in apps.get_app_config(app).get_models()
]
NOBODYS: dict[type[Model], str] = {
    Merchant: "the tenant itself",
    Lease: "keeps workers apart; its key names what it is about",
    Tick: "when each kind of tick ran",
    StaffToken: "a CSM's, who names the merchant in each request",
    MerchantRemoval: "what stays of a merchant that was removed",
    PostCount: "how often a visitor posted on shoppers' pages, whoever's they are",
}
GLOBALLY_UNIQUE = {
    "Merchant.public_id": "a merchant's name in addresses: it must lead to one merchant",
    "ShopDomain.domain": "a shop belongs to one merchant only: a message for it must lead to one",
    "ApiToken.prefix": "a token is looked up before it is known whose it is",
    "MerchantRemoval.merchant_removal_open_once": "it belongs to no merchant any more",
    "StaffToken.prefix": "a token is looked up before it is known whose it is",
    "Order.order_page_once": "a page's token is looked up before it is known whose it is",
    "Invitation.digest": "a link is looked up before it is known whose it is",
}


def test_every_model_says_whose_it_is() -> None:
    without = {model for model in OURS if not any(field.name == "merchant" for field in model._meta.get_fields())}

    assert without == set(NOBODYS)


@pytest.mark.parametrize("model", [model for model in OURS if model not in NOBODYS], ids=lambda model: model.__name__)
def test_whose_it_is_is_never_left_open(model: type[Model]) -> None:
    merchant = model._meta.get_field("merchant")

    assert isinstance(merchant, Field)
    assert (merchant.related_model, merchant.null) == (Merchant, False)
    assert hasattr(model._default_manager.all(), "for_merchant")


def _hangs_on_a_merchant(model: type[Model], names: Iterator[str]) -> bool:
    fields = [model._meta.get_field(name) for name in names]
    parents = [field.related_model for field in fields if field.is_relation]
    return Merchant in parents or any(parent in OURS and parent not in NOBODYS for parent in parents)


def test_everything_unique_is_unique_for_a_merchant_only() -> None:
    """By the merchant itself, or by a parent that belongs to one."""
    shared = set()
    for model in OURS:
        for constraint in model._meta.constraints:
            if isinstance(constraint, UniqueConstraint) and not _hangs_on_a_merchant(model, iter(constraint.fields)):
                shared.add(f"{model.__name__}.{constraint.name}")
        for field in model._meta.concrete_fields:
            if field.unique and not field.primary_key and not _hangs_on_a_merchant(model, iter([field.name])):
                shared.add(f"{model.__name__}.{field.name}")

    assert shared == set(GLOBALLY_UNIQUE)


ACROSS_MERCHANTS = {
    # Of all merchants on purpose
    "inbound.merchants_with_messages": "workers serve all merchants",
    "inbound.behind": "the clock looks at the orders and parcels of all merchants",
    "onboarding.refuse_taken": "whether an account is another merchant's is asked of all; only its name is told, to a CSM",
    "delivery.claim.lanes_with_work": "workers serve all merchants",
    "launch.launch_due": "the clock launches every connection",
    "connections.check_paused": "the clock tries every refused key",
    "followed.look_again": "the clock looks at what waits, of all merchants",
    "suppression_check._due": "the clock compares for all merchants",
    "services.lists.fill": "the clock fills the lists of all merchants",
    "housekeeping.run": "the clock cleans up for all merchants",
    "housekeeping._skip_without_identity": "the clock cleans up for all merchants",
    "replays.advance_due": "ticks go on with the replays of all merchants",
    "replays._advance": "the replay given, whose merchant's events it sends",
    "alerts.look": "the clock looks at all merchants",
    "daily_list._due": "the clock looks at all merchants",
    "checklist._is_live": "the connection given",
    "checklist._backfill": "the connection given",
    "figures.of": "deliveries of the merchant's connections, by indexes that begin with them",
    "api.writing.merchant_of": "the merchant of the token, by its key",
    "vitals.*": "staff see all merchants side by side",
    "reconciliation.*": "counts all merchants side by side, or the one given",
    "staff.*": "staff belong to no merchant",
    "sweep.*": "the clock looks at the returns of all merchants",
    "nights.work": "the clock looks at the nights of all merchants",
    "verification.verify": "all merchants one after the other, or the one given",
    "stalled.*": "the clock looks at the orders and parcels of all merchants",
    "rotation.*": "keys of encryption are the installation's",
    # Before it is known who asks
    "doors.find": "a hook names its merchant by the public id",
    "onboarding.onboard": "makes the merchant",
    "tokens.find": "a token says whose it is",
    "tokens.create_for_staff": "a CSM's token belongs to no merchant",
    "api.access._merchant_of": "a CSM's client names its merchant by the public id",
    "invitations.find": "a link says whose it is",
    "page.reading.find": "a page's token says whose it is",
    "page.visitors.may_post": "counts of visitors belong to no merchant",
    "web.access.find_access": "an address names its merchant by the public id, and the user must belong there",
    "web.access.merchants_of": "the merchants of the user given",
    # Of one row or connection that the caller has already
    "connections.pause": "the connection given",
    "connections.resume": "the connection given",
    "connections.check": "the connection given",
    "launch.launch": "the connection given",
    "history.release": "connections of the deliveries given",
    "delivery.changes.due": "the connection given",
    "delivery.changes.take": "the connection given",
    "delivery.claim.recover": "the connection given",
    "delivery.claim.lease_of": "leases belong to no merchant",
    "delivery.claim._take_in_two": "rows that are claimed on one lane",
    "delivery.settle.settle": "rows that were claimed on one lane, by the lease's epoch",
    "delivery.resend.resend": "rows of the queryset given",
    "custom_metrics.declare": "the merchant given, by its key",
    "merchants.pause": "the merchant given, by its key",
    "merchants.resume": "the merchant given, by its key",
    "removal.request": "the merchant given, by its key",
    "removal.stop": "the merchant given, by its keys",
    "removal.of": "the merchant given, by its public id",
    "removal._due": "the clock removes merchants",
    "removal._begin": "the removal given",
    "removal._remove": "the merchant that is removed",
    "removal._delete": "rows of the merchant that is removed, by their keys",
    "removal._close": "people who belong to no other merchant",
    "removal._forget_log": "the admin's log belongs to no merchant",
    "removal._batches": "the merchant that is removed",
    "erasure.look_again": "the clock looks at the erasures of all merchants",
    "erasure.give_up": "the clock gives up what no destination took, of all merchants",
    "delivery.changes._is_too_early": "the connection given",
    "tokens.revoke": "the token given",
    "invitations.accept": "the merchant of the invitation given",
    "services.orders._write_lines": "lines of the order given",
    "services.policies.change": "the merchant given, by its key",
    "services.programmes.change": "the merchant given, by its key",
    "services.tracking_page.change": "the merchant given, by its key",
    "dossier.of_many": "the orders given",
    # No merchant's
    "ticks.*": "ticks belong to no merchant",
    "invitations.join": "a user belongs to no merchant",
    "web.home.invitation": "a user belongs to no merchant",
    "wake._ask": "ticks belong to no merchant",
    "watch.*": "django-q2's queue belongs to no merchant",
}
"""Functions whose querysets do not begin with `for_merchant`, and why they may: "module.*" stands for the whole module."""

MAKES = {"create", "bulk_create", "get_or_create", "select_for_update"}
"""What begins with these names the merchant among its values (`merchant=`), which is checked apart."""

NOT_LOOKED_AT = {"migrations", "management", "admin", "sandbox", "models"}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for app in ("integrations", "tracking", "returns", "loyalty", "lifecycle"):
        root = Path(settings.BASE_DIR) / app
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if not NOT_LOOKED_AT.intersection(parts):
                yield ".".join(parts), ast.parse(path.read_text())


def _querysets(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """(function, first method after `.objects`, the whole expression) of every use of a manager."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager", "_base_manager"):
            around: list[ast.AST] = [node]
            while around[-1] in parents:
                around.append(parents[around[-1]])
            function = next((each.name for each in around if isinstance(each, ast.FunctionDef)), "<module>")
            first = around[1].attr if isinstance(around[1], ast.Attribute) else ""
            chain = itertools.takewhile(lambda each: isinstance(each, ast.Attribute | ast.Call), around)
            yield function, first, ast.unparse(list(chain)[-1])


def test_every_query_begins_with_the_merchant_or_says_why_not() -> None:
    unasked, used = [], set()
    for module, tree in _modules():
        for function, first, expression in _querysets(tree):
            allowed = {f"{module}.{function}", f"{module}.*"} & ACROSS_MERCHANTS.keys()
            used |= allowed
            names_it = first in MAKES and ("merchant" in expression or first == "bulk_create")
            if not (first == "for_merchant" or names_it or allowed):
                unasked.append(f"{module}.{function}: {expression[:80]}")

    advice = "begin with for_merchant(), or add the function to ACROSS_MERCHANTS with its reason"
    assert not unasked, "\n".join([advice, *unasked])
    assert ACROSS_MERCHANTS.keys() == used, "a function of ACROSS_MERCHANTS is gone"


AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def pair(db: None) -> tuple[Merchant, Merchant]:
    """Two merchants; both have every metric on."""
    return make_merchant("Alba"), make_merchant("Bora")


def make_merchant(name: str) -> Merchant:
    """A launched merchant with a shop."""
    merchant = Merchant.objects.create(name=name)
    ShopDomain.objects.create(merchant=merchant, domain=f"{name.lower()}.myshopify.com")
    connection = Connection.objects.create(
        merchant=merchant, enabled_metrics=list(catalog.metrics), launch_at=AT - 30 * DAY, launched_at=AT - 30 * DAY
    )
    Lane.objects.create(merchant=merchant, connection=connection)
    return merchant


def hear(merchant: Merchant, source: str, topic: str, payload: Any) -> InboundMessage | None:
    """A message with the same delivery id at every merchant."""
    kind = sources.get(source)
    headers = {**kind.headers_for(topic), "x-shopify-webhook-id": f"{topic} {payload.get('id')}"}
    return inbound.receive(merchant, kind, json.dumps(payload).encode(), headers, at=AT)


def everything(merchant: Merchant) -> dict[str, list[dict[str, Any]]]:
    """All rows of a merchant, secrets as they are stored."""
    return {
        model.__name__: [
            {name: value.token if isinstance(value, Sealed) else value for name, value in row.items()}
            for row in model._default_manager.filter(merchant=merchant).order_by("pk").values()
        ]
        for model in OURS
        if model not in NOBODYS
    }


PRICES: dict[str, Any] = {"subtotal_price": "19.95", "current_subtotal_price": "9.95"}
"""Half of an order was refunded."""


def story(merchant: Merchant, name: str) -> None:
    """The same settings, order, parcel and shopper at every merchant, in words of their own."""
    policies.change(merchant, by=None, at=AT - DAY, own_dates=["2026-12-24"])
    programmes.change(merchant, by=None, at=AT - DAY)
    person = {"id": 7, "email": "ann@shopper.example", "first_name": f"canary-{name}", "last_name": name}
    lines = [(11, f"canary-{name}", 1)]
    more: dict[str, Any] = {"order_status_url": f"https://canary-{name}.example/1", **PRICES}
    order = shopify_order(1, at=AT, customer=person, lines=lines, **more)
    assert hear(merchant, "shopify", "orders/create", order)
    assert hear(merchant, "shopify", "fulfillments/create", shopify_fulfillment(5, 1, at=AT, items=[(11, 1)]))
    scans = [("in_transit", AT + HOUR), ("delivered", AT + 2 * HOUR)]
    assert hear(merchant, "easypost", "tracker.updated", easypost_tracker(scans, message=f"canary-{name}"))
    assert hear(merchant, "shopify", "returns/request", shopify_return(3, 1, items=[(31, 11, 1)]))
    assert hear(merchant, "shopify", "customers/enable", person | {"updated_at": AT.isoformat()})
    inbound.handle_due(seconds=20, clock=lambda: AT + DAY)
    wish = WishInput(f"canary-{name}", variant_id="11", order_number="#1001")
    ann = PersonInput(email="ann@shopper.example")
    with transaction.atomic():
        services.add_wish(merchant=merchant, person=ann, wish=wish, added_at=AT, at=AT + DAY)


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
