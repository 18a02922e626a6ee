"""What an erasure promises whenever it comes, whatever is under way, and whichever keys come and go."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from hypothesis import strategies as st

from integrations import customers, erasure, housekeeping, inbound, rotation, sources
from integrations.audit import Actor
from integrations.catalog import catalog
from integrations.delivery import changes
from integrations.destinations.base import Carrying
from integrations.models import (
    Connection,
    Customer,
    Delivery,
    ErasedIdentity,
    Erasure,
    Event,
    InboundMessage,
    Lane,
    Merchant,
    ProfileChange,
)
from integrations.people import PersonInput
from tests.support.examples import tried_with
from tests.support.life import EVA, traces
from tests.support.payloads import easypost_tracker, shopify_fulfillment, shopify_return
from tracking.models import Order

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ASKER = Actor(label="a test")
KINDS = {"erase": Carrying(1, ())}


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A launched merchant with every metric on."""
    made = Merchant.objects.create(name="Alba")
    connection = Connection.objects.create(
        merchant=made, enabled_metrics=list(catalog.metrics), launch_at=AT - 30 * DAY, launched_at=AT - 30 * DAY
    )
    Lane.objects.create(merchant=made, connection=connection)
    return made


def hear(merchant: Merchant, number: int, source: str, topic: str, payload: Any, at: datetime) -> None:
    """A message comes in and is handled."""
    kind = sources.get(source)
    headers = {**kind.headers_for(topic), "x-shopify-webhook-id": f"w-{number}"}
    inbound.receive(merchant, kind, json.dumps({**payload, "n": number}).encode(), headers, at=at)
    inbound.handle_due(seconds=20, clock=lambda: at)


def eva(merchant: Merchant) -> Customer:
    """A shopper with an order."""
    hear(merchant, 0, "shopify", "orders/create", EVA.order(1, AT), AT)
    return Customer.objects.get(email=EVA.email)


def redact(merchant: Merchant, at: datetime) -> Erasure:
    """She is erased."""
    (record,) = erasure.erase(merchant, list(Customer.objects.filter(email=EVA.email)), by=ASKER, at=at)
    return record


PERSON = {"id": EVA.shop_id, "email": EVA.email, **EVA.address(), "created_at": AT.isoformat()}
CONSENT = {"state": "subscribed", "consent_updated_at": AT.isoformat()}
ORDER, LINE = EVA.seed * 1000 + 1, EVA.seed * 100 + 1
PARCEL = {"destination": EVA.address(), "email": EVA.email}
HISTORY = (
    ("shopify", "orders/create", EVA.order(1, AT)),
    ("shopify", "orders/updated", EVA.order(1, AT, updated_at=(AT + HOUR).isoformat())),
    ("shopify", "customers/update", PERSON),
    (
        "shopify",
        "customers_email_marketing_consent/update",
        {"customer_id": EVA.shop_id, "email_address": EVA.email, "email_marketing_consent": CONSENT},
    ),
    ("shopify", "fulfillments/create", shopify_fulfillment(5, ORDER, at=AT, items=[(LINE, 1)]) | PARCEL),
    ("easypost", "tracker.updated", easypost_tracker([("delivered", AT + HOUR)], message=f"Signed by {EVA.last_name}")),
    ("shopify", "returns/request", shopify_return(3, ORDER, items=[(31, LINE, 1)], note=EVA.last_name)),
)


@tried_with(8, 200, messages=st.permutations(HISTORY), place=st.integers(0, len(HISTORY)))
def test_whenever_she_is_erased_nothing_is_left_once_all_messages_have_come(
    merchant: Merchant, messages: list[Any], place: int
) -> None:
    """From the moment at which she is known here."""
    with transaction.atomic():
        hear(merchant, 0, "shopify", "customers/create", PERSON, AT)
        Connection.objects.update(erases_profiles=False)
        for number, message in enumerate(messages, start=1):
            if number == place + 1:
                redact(merchant, AT + DAY)
            source, topic, payload = message
            hear(merchant, number, source, topic, payload, AT + DAY)
        if place == len(messages):
            redact(merchant, AT + DAY)

        # Whose parcel it is that the shop never told of again nobody can know: its messages go after 30 days, as all do.
        InboundMessage.objects.filter(state="waiting", waits_for__startswith="parcel:").delete()
        assert traces(EVA) == []
        assert set(Customer.objects.values_list("status", flat=True)) == {"erased"}
        assert not Delivery.objects.filter(state__in=["pending", "held"]).exists()
        assert Event.objects.exclude(properties={}).count() == 0
        assert Order.objects.get().number == "#711"
        transaction.set_rollback(True)


def test_a_second_look_empties_what_was_being_written_at_that_moment(merchant: Merchant) -> None:
    row = eva(merchant)
    Connection.objects.update(erases_profiles=False)
    late = Event.objects.all()[0]
    redact(merchant, AT + HOUR)
    Event.objects.filter(pk=late.pk).update(properties={"To": EVA.email})
    row.save()
    Delivery.objects.filter(event=late).update(state="pending", identifier=EVA.email, error=EVA.email)

    housekeeping.run(at=AT + HOUR + 9 * MINUTE)
    assert traces(EVA)
    housekeeping.run(at=AT + HOUR + 11 * MINUTE)

    assert traces(EVA) == []
    assert Delivery.objects.get(event=late).state == "skipped"
    assert erasure.look_again(at=AT + DAY) == 0


def test_a_new_key_ring_does_not_forget_who_was_erased(merchant: Merchant, settings: Any) -> None:
    eva(merchant)
    redact(merchant, AT + HOUR)
    assert EVA.email not in repr(list(ErasedIdentity.objects.values()))
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    rotation.rotate()
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    settings.SECRET_KEY = "another"

    known = customers.resolve(merchant, PersonInput(email=EVA.email.upper()), at=AT + DAY)

    assert known
    assert known.status == "erased"


def test_a_phone_number_is_somebody_elses_where_there_is_another_address(merchant: Merchant) -> None:
    eva(merchant)
    redact(merchant, AT + HOUR)

    brother = customers.resolve(merchant, PersonInput(email="bro@shopper.example", phone=EVA.phone), at=AT + DAY)

    assert brother
    assert brother.status == "active"


def test_the_profile_is_deleted_after_what_is_under_way(merchant: Merchant) -> None:
    eva(merchant)
    connection = Connection.objects.get()
    Delivery.objects.filter(pk=Delivery.objects.all()[0].pk).update(state="sending", claim=1)
    redact(merchant, AT + HOUR)

    early, _ = changes.take(connection, 1, carrying=KINDS, most=9, at=AT + DAY)
    Delivery.objects.filter(state="sending").update(state="sent")
    then, _ = changes.take(connection, 1, carrying=KINDS, most=9, at=AT + DAY)

    assert (early, [each.change.email for each in then]) == ([], [EVA.email])


def test_an_address_that_the_destination_does_not_take_is_given_up_after_30_days(merchant: Merchant) -> None:
    eva(merchant)
    redact(merchant, AT)

    housekeeping.run(at=AT + 29 * DAY)
    assert ProfileChange.objects.get(kind="erase").email == EVA.email
    housekeeping.run(at=AT + 31 * DAY)

    assert traces(EVA) == []
    assert Delivery.objects.get(change__kind="erase").state == "dead"


def test_every_address_that_was_sent_is_deleted_and_remembered(merchant: Merchant) -> None:
    """She was known by another address before."""
    eva(merchant)
    Delivery.objects.update(state="sent")
    customers.resolve(merchant, PersonInput(email="eva@new.example", external_id=str(EVA.shop_id)), at=AT + HOUR)

    erasure.requested(merchant=merchant, person=PersonInput(email="eva@new.example"), by=ASKER, at=AT + DAY)

    asked = ProfileChange.objects.filter(kind="erase").values_list("email", flat=True)
    assert sorted(asked) == [EVA.email, "eva@new.example"]
    old = customers.resolve(merchant, PersonInput(email=EVA.email), at=AT + 2 * DAY)
    assert old
    assert old.status == "erased"


def test_the_command_erases_whom_it_names(merchant: Merchant, capsys: pytest.CaptureFixture[str]) -> None:
    row = eva(merchant)

    call_command("erase_customer", "--merchant", "Alba", "--email", EVA.email, "--keep-at-klaviyo", "--yes")

    assert f"customer {row.pk} is erased" in capsys.readouterr().out
    assert traces(EVA) == []
    with pytest.raises(CommandError, match="no customer has that"):
        call_command("erase_customer", "--merchant", "Alba", "--email", EVA.email, "--yes")


@pytest.mark.parametrize("answer", ["no", ""])
def test_the_command_asks_first(merchant: Merchant, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    row = eva(merchant)
    monkeypatch.setattr("builtins.input", lambda: answer)

    with pytest.raises(CommandError, match="nothing was erased"):
        call_command("erase_customer", "--merchant", "Alba", "--id", str(row.pk))

    assert not Erasure.objects.exists()
