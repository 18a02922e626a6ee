"""The second wall between merchants: what holds where the code forgets, because the database itself refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from integrations import consent, customers, disclosure, erasure, inbound, sources, suppression_check, suppressions
from integrations.audit import Actor
from integrations.consent import SignUp
from integrations.delivery.engine import Engine
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Merchant, Suppression
from integrations.people import PersonInput
from integrations.tenancy import MerchantOwned, SameMerchant
from lifecycle.inputs import PlanInput
from lifecycle.models import Activity, ToldRuleset
from lifecycle.services import tell_plan
from loyalty import services as loyalty
from loyalty.models import ExpiryWarning, IssuedReward, Member, Reward, Tier
from loyalty.services import programmes, tier_rules
from loyalty.services.offline_codes import Named
from tests.integrations.tenants import PRICES
from tests.loyalty.campaigning import sheet
from tests.support.payloads import easypost_tracker, shopify_fulfillment, shopify_order, shopify_return
from tests.support.world import Shop, World
from tracking import services
from tracking.inputs import WishInput
from tracking.models import Follower, Order, Shipment
from tracking.services import policies

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)

OWNED = [
    model
    for app in ("integrations", "tracking", "returns", "loyalty", "lifecycle")
    for model in apps.get_app_config(app).get_models()
]
OWNED = [model for model in OWNED if issubclass(model, MerchantOwned)]


def relations() -> list[tuple[type[models.Model], str]]:
    """Every (model, field) in which a row of a merchant points to another row of one."""
    return [
        (model, field.name)
        for model in OWNED
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model in OWNED
    ]


@pytest.mark.parametrize(("model", "name"), relations(), ids=lambda value: getattr(value, "__name__", value))
def test_every_relation_is_held_by_merchant_and_key(model: type[models.Model], name: str) -> None:
    held = [each.field for each in model._meta.constraints if isinstance(each, SameMerchant)]
    field: Any = model._meta.get_field(name)
    parent = field.related_model
    pairs = [each.fields for each in parent._meta.constraints if isinstance(each, models.UniqueConstraint)]

    assert held.count(name) == 1
    assert field.db_constraint is False
    assert ("merchant", "id") in pairs


@pytest.fixture
def shops(settings: Any, transactional_db: None) -> tuple[Shop, Shop]:
    """Two merchants with at least one row in every table that points to another."""
    with Sandbox() as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        world = World(sandbox, "http://site.invalid")
        both = world.shop("Alba"), world.shop("Bora")
        for shop in both:
            _tell(shop.merchant)
        inbound.handle_due(seconds=20, clock=lambda: AT + 3 * HOUR)
        for shop in both:
            _tell_more(shop.merchant)
        Engine().run(seconds=20)
    return both


def _tell(merchant: Merchant) -> None:
    ann = PersonInput(email="ann@shopper.example")
    said = SignUp(person=ann, channels=["email"], is_marketing=True, source="Page", given_at=AT, text="Yes, please.")
    consent.subscribe(merchant=merchant, sign_up=said, at=AT)
    policies.change(merchant, by=None, at=AT - HOUR, hours_in_transit=24)
    programmes.change(merchant, by=None, at=AT - HOUR)
    person = {"id": 7, "email": "ann@shopper.example"}
    order = shopify_order(1, at=AT, customer=person, lines=[(11, "Tea", 1)], **PRICES)
    scans = [("in_transit", AT + HOUR), ("failure", AT + 2 * HOUR)]
    for source, topic, payload in (
        ("shopify", "orders/create", order),
        ("shopify", "fulfillments/create", shopify_fulfillment(5, 1, at=AT, items=[(11, 1)])),
        ("easypost", "tracker.updated", easypost_tracker(scans)),
        ("shopify", "returns/request", shopify_return(3, 1, items=[(31, 11, 1)])),
    ):
        kind = sources.get(source)
        headers = {**kind.headers_for(topic), "x-shopify-webhook-id": f"{topic} {payload.get('id')}"}
        inbound.receive(merchant, kind, json.dumps(payload).encode(), headers, at=AT)
    disclosure.requested(merchant=merchant, person=ann, at=AT)
    bob = PersonInput(email="bob@shopper.example")
    customers.resolve(merchant, bob, at=AT)
    erasure.requested(merchant=merchant, person=bob, by=Actor(label="a test"), at=AT)
    with transaction.atomic():
        services.add_wish(merchant=merchant, person=ann, wish=WishInput("Tea"), added_at=AT, at=AT)


def _tell_more(merchant: Merchant) -> None:
    """What needs an order, or a member, to be there."""
    order = Order.objects.for_merchant(merchant).order_by("pk")[0]
    ann = customers.matching(merchant, email="ann@shopper.example").get()
    Follower.objects.create(merchant=merchant, order=order, customer=ann, since=AT)
    tier_rules.save(merchant, "friends", by=None, at=AT, name="Friends", kind=Tier.Kind.CUSTOM)
    mug: dict[str, Any] = {"name": "Mug", "kind": Reward.Kind.CUSTOM, "codes": Reward.Codes.POOL}
    reward = loyalty.offer_reward(merchant, by=None, at=AT, **mug)
    loyalty.add_codes(reward, ["MUG-1"], by=None, at=AT)
    may = Actor(label="a test")
    with transaction.atomic():
        loyalty.assign_tier(merchant=merchant, customer=ann, tier="friends", reason="Kind", by=may, cause="1", at=AT)
        gift = IssuedReward.Source.ONE_TIME_CAMPAIGN
        loyalty.issue_reward(merchant=merchant, customer=ann, reward=reward, source=gift, cause="1", at=AT)
    loyalty.draft_campaign(
        merchant, name="Mugs", audience=sheet("email", "ann@shopper.example"), reward=reward, by=may, at=AT
    )
    member = Member.objects.for_merchant(merchant).get(customer=ann)
    ExpiryWarning.objects.create(merchant=merchant, member=member, expires_at=AT, window_days=30)
    batch = loyalty.make_offline_batch(merchant, by=may, at=AT, name="Tins", points=5, size=1)
    code = loyalty.find_offline_code(Named(batch.pk, 1))
    assert code
    loyalty.use_offline_code(code, contact="ann@shopper.example", at=AT)
    tell_plan(merchant=merchant, customer=ann, plan=PlanInput(AT, status="Active"), at=AT)
    Activity.objects.create(
        merchant=merchant, customer=ann, entry_id="1", kind="cancelled", occurred_at=AT, recorded_at=AT
    )
    ToldRuleset.objects.create(merchant=merchant, customer=ann, ruleset="missed", told_at=AT)
    suppressions.suppress(merchant, {ann: Suppression.Reason.DEAD}, at=AT)
    suppression_check.start(merchant, at=AT)


def test_a_row_of_another_merchant_is_refused_in_every_relation(shops: tuple[Shop, Shop]) -> None:
    mine, theirs = (shop.merchant for shop in shops)
    refused = 0
    for model, name in relations():
        field: Any = model._meta.get_field(name)
        rows = model._default_manager.filter(merchant=mine).order_by("pk")
        row = rows.exclude(**{name: None}).first() or rows.first()
        other = field.related_model._default_manager.filter(merchant=theirs).order_by("pk").first()
        assert other is not None, field
        assert row is not None, field
        with pytest.raises(IntegrityError), transaction.atomic():
            model._default_manager.filter(pk=row.pk).update(**{name: other})
        refused += 1
    assert refused == len(relations()) >= 15


@pytest.mark.usefixtures("transactional_db")
def test_a_merchant_of_its_own_is_no_way_around() -> None:
    """A row cannot change its merchant while anything hangs on it."""
    mine, theirs = Merchant.objects.create(name="Alba"), Merchant.objects.create(name="Bora")
    order = Order.objects.create(
        merchant=mine, external_id="1", number="#1", placed_at=AT, source_updated_at=AT, recorded_at=AT
    )
    Shipment.objects.create(
        merchant=mine,
        order=order,
        external_id="f1",
        fulfillment_id="f1",
        status_at=AT,
        shipped_at=AT,
        source_updated_at=AT,
        recorded_at=AT,
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(merchant=theirs)


def test_a_form_tells_it_before_the_database_does(db: None) -> None:
    mine, theirs = Merchant.objects.create(name="Alba"), Merchant.objects.create(name="Bora")
    order = Order(merchant=theirs, external_id="1", number="#1", placed_at=AT, source_updated_at=AT, recorded_at=AT)
    shipment = Shipment(merchant=mine, order=order)

    with pytest.raises(ValidationError, match="It belongs to another merchant"):
        shipment.validate_constraints()
