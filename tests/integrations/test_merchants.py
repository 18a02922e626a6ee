"""Merchants as a whole: paused, resumed, closing, and the secrets of their sources."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations import inbound, merchants, removal
from integrations.audit import Actor
from integrations.models import Merchant, SourceSecret

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant."""
    return Merchant.objects.create(name="Alba")


def secrets(merchant: Merchant, at: datetime, source: str = "shopify") -> list[str]:
    """What messages may be signed with at that instant."""
    return list(inbound.secrets_of(Merchant.objects.get(pk=merchant.pk), source, at=at))


def state(merchant: Merchant) -> str:
    """The merchant's state in the database."""
    return Merchant.objects.get(pk=merchant.pk).state


def test_paused_and_resumed(merchant: Merchant) -> None:
    merchants.pause(merchant)
    assert state(merchant) == "paused"

    merchants.resume(merchant)
    assert state(merchant) == "active"


def test_a_closing_merchant_is_neither_paused_nor_resumed(merchant: Merchant) -> None:
    removal.request(merchant, by=Actor(label="a test"), at=AT)
    merchants.pause(merchant)
    merchants.resume(merchant)

    assert state(merchant) == "closing"


def test_an_old_secret_is_good_for_another_day(merchant: Merchant) -> None:
    merchants.set_source_secret(merchant, "shopify", "first secret", at=AT)
    merchants.set_source_secret(merchant, "shopify", "second secret", at=AT + HOUR)

    assert secrets(merchant, AT + 24 * HOUR) == ["second secret", "first secret"]
    assert secrets(merchant, AT + 25 * HOUR) == ["second secret"]
    assert SourceSecret.objects.get().last4 == "cret"


def test_two_changes_in_a_day_leave_the_last_two(merchant: Merchant) -> None:
    for number in range(3):
        merchants.set_source_secret(merchant, "shopify", f"secret {number}", at=AT + number * HOUR)

    assert secrets(merchant, AT + 3 * HOUR) == ["secret 2", "secret 1"]


def test_each_source_and_each_merchant_has_its_own(merchant: Merchant) -> None:
    other = Merchant.objects.create(name="Bora")
    merchants.set_source_secret(merchant, "shopify", "of alba", at=AT)
    merchants.set_source_secret(merchant, "easypost", "of easypost", at=AT)
    merchants.set_source_secret(other, "shopify", "of bora", at=AT)

    assert (secrets(merchant, AT), secrets(other, AT)) == (["of alba"], ["of bora"])
    assert (secrets(merchant, AT, "easypost"), secrets(other, AT, "easypost")) == (["of easypost"], [])


def test_unknown_source_is_refused(merchant: Merchant) -> None:
    with pytest.raises(KeyError):
        merchants.set_source_secret(merchant, "nosuch", "secret", at=AT)


def test_a_disconnected_source_is_refused_with_every_secret(merchant: Merchant) -> None:
    merchants.set_source_secret(merchant, "shopify", "first", at=AT)
    merchants.set_source_secret(merchant, "shopify", "second", at=AT)

    merchants.disconnect_source(merchant=merchant, source="shopify", at=AT + HOUR)
    merchants.disconnect_source(merchant=merchant, source="shopify", at=AT + 2 * HOUR)

    assert secrets(merchant, AT + HOUR) == []
    assert SourceSecret.objects.get().disconnected_at == AT + HOUR


def test_a_new_secret_connects_again(merchant: Merchant) -> None:
    merchants.set_source_secret(merchant, "shopify", "before", at=AT)
    merchants.disconnect_source(merchant=merchant, source="shopify", at=AT)

    merchants.set_source_secret(merchant, "shopify", "after", at=AT + HOUR)

    assert secrets(merchant, AT + HOUR)[0] == "after"


def test_a_secret_that_was_refused_is_not_taken_again(merchant: Merchant) -> None:
    merchants.set_source_secret(merchant, "shopify", "before", at=AT)
    merchants.disconnect_source(merchant=merchant, source="shopify", at=AT)

    merchants.set_source_secret(merchant, "shopify", "after", at=AT + HOUR)

    assert secrets(merchant, AT + HOUR) == ["after"]


def test_new_secrets_are_long_and_different() -> None:
    made = {merchants.new_secret() for _ in range(100)}

    assert (len(made), {len(secret) for secret in made}) == (100, {43})
