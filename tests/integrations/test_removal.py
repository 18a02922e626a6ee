"""A merchant is removed: all of its rows two days later, and nobody else's."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils import timezone

from integrations import inbound, merchants, removal, sources, tasks, tokens
from integrations.audit import Actor
from integrations.models import (
    AlertAddress,
    Connection,
    Event,
    Lease,
    Membership,
    Merchant,
    MerchantRemoval,
    ShopDomain,
    SourceSecret,
)
from integrations.tenancy import MerchantOwned
from tests.integrations.test_tenancy_in_the_database import shops
from tests.support.dump import dump
from tests.support.world import Shop

__all__ = ["shops"]

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
CSM = Actor(label="a CSM")
OWNED = [model for model in apps.get_models() if issubclass(model, MerchantOwned)]


def counts(merchant: int) -> dict[str, int]:
    """How many rows a merchant has, by table."""
    return {model.__name__: model._default_manager.filter(merchant=merchant).count() for model in OWNED}


def people(shop: Shop) -> None:
    """Who works there: one of this merchant alone, one of every merchant; and what staff did to it."""
    for name, is_shared in (("only", False), ("both", True)):
        user, _ = User.objects.get_or_create(username=name if is_shared else f"{name} {shop.merchant.name}")
        Membership.objects.create(merchant=shop.merchant, user=user)
    AlertAddress.objects.create(merchant=shop.merchant, email="boss@alba.example", created_at=AT)
    tokens.create(shop.merchant, "client", ["events:read"], at=AT)
    staff, _ = User.objects.get_or_create(username="csm", is_staff=True)
    rows: list[Model] = [shop.merchant, shop.connection]
    for row in rows:
        LogEntry.objects.create(
            user=staff,
            content_type=ContentType.objects.get_for_model(row),
            object_id=row.pk,
            object_repr=f"of {shop.merchant.name}",
            action_flag=CHANGE,
        )


@pytest.fixture
def pair(shops: tuple[Shop, Shop]) -> tuple[Shop, Shop]:
    """Two merchants with a life behind them."""
    for shop in shops:
        people(shop)
    return shops


def test_no_table_keeps_a_row_of_a_removed_merchant_and_others_keep_theirs(
    pair: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "BATCH", 2)
    gone, stays = (shop.merchant for shop in pair)
    before, filled = counts(stays.pk), {name for name, count in counts(gone.pk).items() if count}
    assert filled >= {"Event", "Delivery", "DeliveryAttempt", "OrderLine", "Scan", "ReturnItem", "ErasedIdentity"}

    removal.request(gone, by=CSM, at=AT)
    assert removal.remove_due(at=AT + 47 * HOUR, seconds=60) == 0
    assert removal.remove_due(at=AT + 48 * HOUR, seconds=60) == 1

    assert {name: count for name, count in counts(gone.pk).items() if count} == {}
    assert list(Merchant.objects.values_list("name", flat=True)) == ["Bora"]
    assert counts(stays.pk) == before
    assert set(User.objects.values_list("username", flat=True)) == {"csm", "both", "only Bora"}
    assert set(LogEntry.objects.values_list("object_repr", flat=True)) == {"of Bora"}
    assert not Lease.objects.filter(key=f"lane:{pair[0].connection.pk}").exists()
    record = MerchantRemoval.objects.get()
    assert (record.public_id, record.removed_at, record.asked_by) == (gone.public_id, AT + 48 * HOUR, "a CSM")
    assert record.rows > 40
    assert "Alba" not in dump()


def test_a_removal_that_breaks_off_goes_on_with_the_next_tick(
    pair: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "BATCH", 1)
    monkeypatch.setattr(removal, "time", SimpleNamespace(monotonic=itertools.count().__next__))
    gone = pair[0].merchant
    removal.request(gone, by=CSM, at=AT)

    rounds = 1
    while not removal.remove_due(at=AT + 48 * HOUR, seconds=20):
        rounds += 1
        assert rounds < 200
        assert not removal.stop(gone, by=CSM, at=AT + 48 * HOUR)

    assert rounds > 3
    assert not any(counts(gone.pk).values())


@pytest.mark.parametrize("how", ["staff", "a new secret"])
def test_a_removal_is_stopped_and_the_merchant_goes_on_as_before(pair: tuple[Shop, Shop], how: str) -> None:
    kept = pair[0].merchant
    merchants.pause(kept)
    removal.request(kept, by=CSM, at=AT)
    assert Merchant.objects.get(pk=kept.pk).state == "closing"
    before = counts(kept.pk)

    if how == "staff":
        assert removal.stop(kept, by=CSM, at=AT + HOUR)
    else:
        merchants.set_source_secret(kept, "shopify", "installed again", at=AT + HOUR)

    assert removal.remove_due(at=AT + 100 * HOUR, seconds=60) == 0
    assert Merchant.objects.get(pk=kept.pk).state == "paused"
    assert counts(kept.pk) == before | {"AuditEntry": before["AuditEntry"] + 1}
    assert MerchantRemoval.objects.get().stopped_by in ("a CSM", "a new webhook secret for Shopify")


def test_one_of_several_shops_removes_nothing(pair: tuple[Shop, Shop]) -> None:
    merchant = pair[0].merchant
    ShopDomain.objects.create(merchant=merchant, domain="alba-two.myshopify.com")

    handled = removal.requested(merchant=merchant, by=CSM, at=AT)

    assert "nothing is removed until staff say so" in handled.note
    assert not MerchantRemoval.objects.exists()
    assert Merchant.objects.get(pk=merchant.pk).state == "active"


def test_a_shop_asks_twice_and_is_gone_two_days_after_the_first_time(pair: tuple[Shop, Shop]) -> None:
    """From the webhook to the last row, by the ticks of a worker."""
    shop = pair[0]
    kind: Any = sources.get("shopify")
    domain = shop.merchant.shop_domains.get().domain
    with time_machine.travel(AT, tick=False) as clock:
        for number in range(2):
            headers = {**kind.headers_for("shop/redact"), "x-shopify-webhook-id": f"redact {number}"}
            inbound.receive(shop.merchant, kind, b'{"shop_domain": "%s"}' % domain.encode(), headers, at=timezone.now())
            inbound.handle_due(seconds=10)
            clock.shift(HOUR)
        assert Event.objects.for_merchant(shop.merchant).exists()
        clock.move_to(AT + 48 * HOUR - timedelta(minutes=1))
        tasks.remove_merchants()
        assert SourceSecret.objects.for_merchant(shop.merchant).exists()

        clock.move_to(AT + 48 * HOUR)
        tasks.remove_merchants()

    assert not any(counts(shop.merchant.pk).values())
    assert Connection.objects.count() == 1
    assert MerchantRemoval.objects.get().asked_by == "Shopify shop/redact"
