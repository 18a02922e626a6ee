"""Two customers who turn out to be one: whom later messages find, what they said, what waits for them, how they are forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import transaction

from integrations import consent, customers, disclosure, erasure, history, merging
from integrations.audit import Actor
from integrations.catalog import catalog
from integrations.models import Customer, Delivery, Event, Merchant, ProfileChange
from integrations.people import ConsentInput, PersonInput
from tests.integrations.test_customers import AT, make_merchant
from tracking import facts
from tracking.dossier import Dossier
from tracking.models import Order, WishlistItem

ANN, BOB = "ann@shopper.example", "bob@shopper.example"
HOUR = timedelta(hours=1)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A launched merchant with every metric on, but those of subscribers."""
    made = make_merchant("Alba")
    others = [key for key, each in catalog.metrics.items() if each.pack.key != "subscription_lifecycle"]
    made.connections.update(enabled_metrics=others)
    return made


def shopper(merchant: Merchant, email: str = "", **more: str) -> Customer:
    """A shopper whom the shop knows by the id "1" or "2"."""
    person = PersonInput(email=email, **{"external_id": "2" if email == BOB else "1", **more})
    found = customers.resolve(merchant, person, at=AT)
    assert found
    return found


def merge(merchant: Merchant, given_up: str = "2", kept: str = "1") -> str:
    """The shop merges them; what was noted."""
    with transaction.atomic():
        return merging.told_by_ids(merchant=merchant, given_up=given_up, kept=kept, merged_at=AT, at=AT).note


def say(merchant: Merchant, email: str, state: str, at: datetime) -> None:
    """What a shopper says of marketing by e-mail."""
    consent.record(merchant=merchant, consent=ConsentInput(PersonInput(email=email), "email", state, at), at=at)


def announce(merchant: Merchant, customer: Customer, key: str) -> Event:
    """Something happened to an order of theirs."""
    with transaction.atomic():
        order = Order.objects.create(
            merchant=merchant,
            external_id=key,
            number=f"#{key}",
            customer=customer,
            placed_at=AT,
            source_updated_at=AT,
            recorded_at=AT,
        )
        return history.announce(facts.OrderPlaced.of(Dossier(order, [], []), AT), at=AT)[0]


def test_whoever_is_named_by_what_the_other_was_known_by_is_the_one_who_is_kept(merchant: Merchant) -> None:
    ann, bob = shopper(merchant, ANN, first_name="Ann"), shopper(merchant, BOB, first_name="Bob")
    merge(merchant)

    for person in (
        PersonInput(email=BOB, first_name="Robert"),
        PersonInput(external_id="2"),
        PersonInput(email=BOB, external_id="2"),
    ):
        assert customers.resolve(merchant, person, at=AT) == ann
    ann.refresh_from_db()
    bob.refresh_from_db()
    assert (ann.email, ann.first_name, bob.email, bob.merged_into) == (ANN, "Ann", BOB, ann)
    assert list(customers.matching(merchant, email=BOB)) == list(customers.matching(merchant, external_id="2")) == [ann]
    assert list(customers.matching(merchant)) == [ann]


def test_the_shop_may_keep_the_address_of_the_one_who_is_given_up(merchant: Merchant) -> None:
    ann, bob = shopper(merchant, ANN), shopper(merchant, BOB)
    merge(merchant)

    assert customers.resolve(merchant, PersonInput(email=BOB, external_id="1"), at=AT) == ann
    ann.refresh_from_db()
    bob.refresh_from_db()
    assert (ann.email, bob.email) == (BOB, ANN)
    assert customers.resolve(merchant, PersonInput(email=ANN), at=AT) == ann


def test_what_the_one_who_is_kept_lacks_they_have_from_the_other(merchant: Merchant) -> None:
    ann = shopper(merchant, phone="+4930901820")
    bob = shopper(merchant, BOB, first_name="Bob")
    merge(merchant)

    ann.refresh_from_db()
    bob.refresh_from_db()
    assert (ann.email, ann.phone, ann.first_name, bob.email) == (BOB, "+4930901820", "Bob", "")
    asked = ProfileChange.objects.get(kind="merge")
    assert (asked.email, asked.details) == (BOB, {"phone": "+4930901820"})


def test_somebody_unknown_who_was_given_up_is_known_when_told_of_late(merchant: Merchant) -> None:
    ann = shopper(merchant, ANN)
    merge(merchant)

    assert shopper(merchant, BOB) == ann
    assert customers.resolve(merchant, PersonInput(email=BOB), at=AT) == ann
    ann.refresh_from_db()
    assert ann.email == ANN
    assert not ProfileChange.objects.exists()


def test_a_merge_into_somebody_unknown_waits(merchant: Merchant) -> None:
    shopper(merchant, BOB)

    handled = merging.told_by_ids(merchant=merchant, given_up="2", kept="1", merged_at=AT, at=AT)

    assert handled.waits_for == merging.awaited("1")


CONSENTS = [
    (("subscribed", 0), ("unsubscribed", -1), "unsubscribed", True),
    (("subscribed", 0), ("unsubscribed", 1), "unsubscribed", True),
    (("unsubscribed", 0), ("subscribed", 1), "unsubscribed", False),
    (("subscribed", 0), ("subscribed", 1), "subscribed", False),
    (("pending", 0), ("subscribed", 1), "subscribed", False),
    (None, ("unsubscribed", 1), "unsubscribed", True),
    (("unsubscribed", 0), None, "unsubscribed", False),
]


@pytest.mark.parametrize(("mine", "theirs", "after", "is_told"), CONSENTS)
def test_an_opt_out_of_either_stays(merchant: Merchant, mine: Any, theirs: Any, after: str, is_told: bool) -> None:
    ann, _ = shopper(merchant, ANN), shopper(merchant, BOB)
    for email, word in ((ANN, mine), (BOB, theirs)):
        if word:
            say(merchant, email, word[0], AT + word[1] * HOUR)
    ProfileChange.objects.all().delete()

    merge(merchant)

    ann.refresh_from_db()
    assert ann.consent["email"]["state"] == after
    opt_outs = ProfileChange.objects.filter(kind="unsubscribe").values_list("customer", "email")
    assert list(opt_outs) == ([(ann.pk, ANN)] if is_told else [])


def test_what_waits_goes_to_the_one_who_is_kept_and_what_was_told_stays(merchant: Merchant) -> None:
    ann, bob = shopper(merchant, ANN), shopper(merchant, BOB)
    told, waiting = announce(merchant, bob, "1"), announce(merchant, bob, "2")
    Delivery.objects.filter(event=told).update(state=Delivery.State.SENT, attempts=1)

    merge(merchant)

    assert set(Event.objects.values_list("pk", "customer")) == {(told.pk, bob.pk), (waiting.pk, ann.pk)}
    assert set(Delivery.objects.filter(event=waiting).values_list("identifier", flat=True)) == {ANN}
    assert set(Delivery.objects.filter(event=told).values_list("identifier", flat=True)) == {BOB}
    asked = ProfileChange.objects.get()
    assert (asked.kind, asked.email, asked.details, asked.customer) == ("merge", ANN, {"email": BOB}, ann)
    assert set(Order.objects.values_list("customer", flat=True)) == {ann.pk}


def test_what_both_wished_for_is_on_the_list_once(merchant: Merchant) -> None:
    ann, bob = shopper(merchant, ANN), shopper(merchant, BOB)
    for customer, product in ((ann, "tea"), (bob, "tea"), (bob, "cup")):
        WishlistItem.objects.create(
            merchant=merchant,
            customer=customer,
            product=product,
            product_name=product,
            added_at=AT,
            recorded_at=AT,
        )

    merge(merchant)

    assert sorted(WishlistItem.objects.values_list("customer", "product")) == [(ann.pk, "cup"), (ann.pk, "tea")]


def test_both_are_forgotten_and_told_together(merchant: Merchant) -> None:
    ann, bob = shopper(merchant, ANN), shopper(merchant, BOB)
    announce(merchant, bob, "1")
    Delivery.objects.update(state=Delivery.State.SENT, attempts=1)
    merge(merchant)
    document = orjson.loads(b"".join(disclosure.hand_over(merchant, ann, by=Actor(label="May"), at=AT)))
    assert len(document["events"]) == 1

    erasure.erase(merchant, customers.find(merchant, PersonInput(email=BOB)), by=Actor(label="May"), at=AT)

    assert set(Customer.objects.values_list("email", "status")) == {("", "erased")}
    assert Event.objects.get().properties == {}
    assert merge(merchant).startswith("waits for")
