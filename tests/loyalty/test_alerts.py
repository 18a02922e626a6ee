"""Somebody is told when codes of a merchant's rewards run low, once, and when there are enough again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from integrations import alerts
from integrations.models import AlertAddress, Merchant
from loyalty import services
from tests.loyalty.rewarding import five_off, pooled
from tests.loyalty.telling import MAY, merchant_with_programme
from tests.tracking.telling import AT

MINUTE = timedelta(minutes=1)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """Somebody is to be told what goes wrong."""
    made = merchant_with_programme()
    AlertAddress.objects.create(merchant=made, email="ops@alba.example", created_at=AT)
    return made


def look(minutes: int) -> list[str]:
    """What is said of codes by a look."""
    mail.outbox.clear()
    alerts.look(at=AT + minutes * MINUTE)
    return [line for each in mail.outbox for line in each.body.splitlines() if "codes" in line.lower()]


def test_codes_that_run_low_are_told_once_and_their_end_once(merchant: Merchant) -> None:
    five_off(merchant)
    reward = pooled(merchant, *(f"A-{number}" for number in range(20)), name="Tea")
    assert look(0) == []
    services.retire_reward(pooled(merchant, name="Gone"), by=MAY, at=AT)
    for name in ("Bag", "Cup", "Mug", "Pot"):
        pooled(merchant, "A", name=name)

    assert look(1) == ["Codes of rewards run low: Bag (1 left), Cup (0 left), Mug (0 left), 1 more."]
    assert "Nothing is lost" not in mail.outbox[0].body
    assert look(2) == []
    for row in (each for each in reward.__class__.objects.all() if each.name in {"Bag", "Cup", "Mug", "Pot"}):
        services.add_codes(row, [f"{row.name}-{number}" for number in range(20)], by=MAY, at=AT)
    assert look(3) == ["Over: codes of rewards run low."]


def test_each_merchant_is_told_of_its_own_codes(merchant: Merchant) -> None:
    other = Merchant.objects.create(name="Birch")
    AlertAddress.objects.create(merchant=other, email="ops@birch.example", created_at=AT)
    pooled(merchant, "A")

    look(0)

    told = {each.to[0]: "Codes of rewards" in str(each.body) for each in mail.outbox}
    assert told["ops@alba.example"]
    assert not told.get("ops@birch.example")
