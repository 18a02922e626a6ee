"""Shoppers: how they are recognised, what they are called, what they agreed to, and how they are forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from integrations import consent, customers, disclosure, erasure, history
from integrations.audit import Actor
from integrations.catalog import catalog
from integrations.customers import normalise_email, normalise_phone
from integrations.models import (
    Connection,
    Customer,
    CustomerExternalId,
    Delivery,
    Lane,
    Merchant,
    ShopDomain,
)
from integrations.people import ConsentInput, PersonInput
from tracking import facts
from tracking.dossier import Dossier
from tracking.models import Order

ALL_BUT_SUBSCRIBERS = [key for key, each in catalog.metrics.items() if each.pack.key != "subscription_lifecycle"]
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

EMAILS = [
    ("Ann@Shopper.Example", "ann@shopper.example"),
    ("  ann@shopper.example\n", "ann@shopper.example"),
    ("ann+tag@shopper.example", "ann+tag@shopper.example"),
    ("a%b@shopper.example", "a%b@shopper.example"),
    ("", ""),
    ("ann", ""),
    ("@shopper.example", ""),
    ("ann@shopper", ""),
    ("ann@shopper.example.", ""),
    ("ann@shopper.example, bob@shopper.example", ""),
    ("ann@shopper.example\nBcc: bob@shopper.example", ""),
    ("Ann <ann@shopper.example>", ""),
    ("jörg@shopper.example", ""),
    ("ann@shopper.example\x00", "ann@shopper.example"),
]


@pytest.mark.parametrize(("given", "kept"), EMAILS)
def test_email_addresses(given: str, kept: str) -> None:
    assert normalise_email(given) == kept


def test_an_address_that_is_too_long_is_no_address() -> None:
    too_long = "a" * (254 - len("@shop.com")) + "@shop.company"

    assert normalise_email(too_long) == ""


@pytest.mark.parametrize("given", ["ann@localhost", "ann@[127.0.0.1]"])
def test_an_address_that_no_mail_reaches_is_none(given: str) -> None:
    assert normalise_email(given) == ""


PHONES = [
    ("+1 (212) 555-2368", "", "+12125552368"),
    ("212-555-2368", "US", "+12125552368"),
    ("212-555-2368", "us", "+12125552368"),
    ("212-555-2368", "", ""),
    ("0049 30 901820", "DE", "+4930901820"),
    ("030 901820", "DE", "+4930901820"),
    ("030 901820", "XX", ""),
    ("+4930901820 ext. 7", "", "+4930901820"),
    ("٠٣٠٩٠١٨٢٠", "DE", "+4930901820"),
    ("+1234567890123456", "", ""),
    ("call me", "US", ""),
    ("", "US", ""),
    ("+", "", ""),
]


@pytest.mark.parametrize(("given", "country", "kept"), PHONES)
def test_phone_numbers(given: str, country: str, kept: str) -> None:
    assert normalise_phone(given, country) == kept


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant that was launched a month ago, with every metric on."""
    return make_merchant("Alba")


def make_merchant(name: str) -> Merchant:
    """A launched merchant with a shop."""
    merchant = Merchant.objects.create(name=name)
    ShopDomain.objects.create(merchant=merchant, domain=f"{name.lower()}.myshopify.com")
    connection = Connection.objects.create(
        merchant=merchant, enabled_metrics=ALL_BUT_SUBSCRIBERS, launch_at=AT - 30 * DAY, launched_at=AT - 30 * DAY
    )
    Lane.objects.create(merchant=merchant, connection=connection)
    return merchant


def resolve(merchant: Merchant, email: str = "", **more: str) -> Customer:
    """The customer that is meant; there must be one."""
    customer = customers.resolve(merchant, PersonInput(email=email, **more), at=AT)
    assert customer
    return customer


def test_the_same_address_in_other_letters_is_the_same_shopper(merchant: Merchant) -> None:
    assert resolve(merchant, "ann@shopper.example") == resolve(merchant, "ANN@shopper.example")


def test_nobody_is_nobody(merchant: Merchant) -> None:
    for person in (PersonInput(), PersonInput(email="no address", phone="12", external_id="7", first_name="Ann")):
        assert customers.resolve(merchant, person, at=AT) is None
    assert not Customer.objects.exists()


def test_the_shops_id_finds_who_changed_their_address(merchant: Merchant) -> None:
    ann = resolve(merchant, "ann@shopper.example", external_id="7")

    assert resolve(merchant, "ann@new.example", external_id="7") == ann
    assert Customer.objects.get().email == "ann@new.example"


def test_the_address_outweighs_the_shops_id_which_moves_to_it(merchant: Merchant) -> None:
    resolve(merchant, "ann@shopper.example", external_id="7")
    bob = resolve(merchant, "bob@shopper.example")

    assert resolve(merchant, "bob@shopper.example", external_id="7") == bob
    assert CustomerExternalId.objects.get().customer == bob
    assert set(Customer.objects.values_list("email", flat=True)) == {"ann@shopper.example", "bob@shopper.example"}


def test_a_phone_is_who_somebody_is_only_where_there_is_no_address(merchant: Merchant) -> None:
    by_phone = resolve(merchant, phone="+4930901820")

    assert resolve(merchant, phone="030 901820", country="DE") == by_phone
    assert resolve(merchant, "ann@shopper.example", phone="+4930901820") != by_phone


def test_a_known_shopper_who_takes_over_another_ones_phone_does_not_fail(merchant: Merchant) -> None:
    resolve(merchant, phone="+4930901820", external_id="7")
    resolve(merchant, phone="+4930901821")

    with transaction.atomic():
        assert resolve(merchant, phone="+4930901821", external_id="7").phone == "+4930901820"


NAMES: list[tuple[dict[str, str], tuple[str, str, str]]] = [
    ({"first_name": "Anna", "last_name": "Buyer"}, ("Anna", "Buyer", "Acme")),
    ({"company": "Other Ltd"}, ("Ann", "Shopper", "Other Ltd")),
    ({}, ("Ann", "Shopper", "Acme")),
    ({"first_name": " ", "last_name": "\n"}, ("Ann", "Shopper", "Acme")),
    ({"first_name": "Anna", "last_name": ""}, ("Anna", "", "Acme")),
    ({"first_name": "x" * 101}, ("x" * 100, "", "Acme")),
]


@pytest.mark.parametrize(("told", "names"), NAMES)
def test_the_newest_name_wins_and_no_name_is_no_name(
    merchant: Merchant, told: dict[str, str], names: tuple[str, str, str]
) -> None:
    resolve(merchant, "ann@shopper.example", first_name="Ann", last_name="Shopper", company="Acme")

    ann = resolve(merchant, "ann@shopper.example", **told)

    ann.refresh_from_db()
    assert (ann.first_name, ann.last_name, ann.company) == names


def announce_order(merchant: Merchant, customer: Customer | None, key: str = "1") -> Delivery:
    """Put an order and its event there; returns the event's delivery."""
    order = Order.objects.create(
        merchant=merchant,
        external_id=key,
        number=f"#{key}",
        customer=customer,
        placed_at=AT,
        source_updated_at=AT,
        recorded_at=AT,
    )
    with transaction.atomic():
        (event,) = history.announce(facts.OrderPlaced.of(Dossier(order, [], []), AT), at=AT)
    return event.deliveries.get()


def test_new_address_moves_what_was_never_tried_and_nothing_else(merchant: Merchant) -> None:
    ann = resolve(merchant, "ann@shopper.example", external_id="7")
    changes: dict[str, dict[str, Any]] = {
        "never tried": {},
        "held": {"state": "held", "reason": "before_launch"},
        "tried": {"attempts": 1},
        "in flight": {"state": "sending", "attempts": 1},
        "sent": {"state": "sent", "attempts": 1},
        "failed": {"state": "dead", "attempts": 10},
    }
    for key, change in changes.items():
        delivery = announce_order(merchant, ann, key)
        Delivery.objects.filter(pk=delivery.pk).update(**change)

    resolve(merchant, "ann@new.example", external_id="7")

    moved = Delivery.objects.filter(identifier="ann@new.example").values_list("event__subject", flat=True)
    assert set(moved) == {"order:never tried", "order:held"}


def test_an_address_that_comes_after_the_phone_takes_over(merchant: Merchant) -> None:
    shopper = resolve(merchant, phone="+4930901820", external_id="7")
    delivery = announce_order(merchant, shopper)
    assert delivery.identifier == "+4930901820"

    resolve(merchant, "ann@shopper.example", external_id="7")

    delivery.refresh_from_db()
    assert (delivery.identifier, shopper.pk) == ("ann@shopper.example", Customer.objects.get().pk)


def test_two_merchants_with_the_same_shopper_know_nothing_of_each_other(merchant: Merchant) -> None:
    other = make_merchant("Bora")
    mine = resolve(merchant, "ann@shopper.example", external_id="7", first_name="Ann", last_name="One")
    theirs = resolve(other, "ann@shopper.example", external_id="7", first_name="Ann", last_name="Two")

    resolve(merchant, "ann@new.example", external_id="7")
    erasure.requested(merchant=merchant, person=PersonInput(external_id="7"), by=Actor(label="a test"), at=AT)

    theirs.refresh_from_db()
    assert mine.pk != theirs.pk
    assert (theirs.email, theirs.full_name, theirs.status) == ("ann@shopper.example", "Ann Two", "active")
    assert CustomerExternalId.objects.get().customer == theirs


def word(state: str, at: datetime, channel: str = "email") -> ConsentInput:
    """Ann's word."""
    return ConsentInput(PersonInput(email="ann@shopper.example"), channel, state, at)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ([("subscribed", 0), ("unsubscribed", 1)], "unsubscribed"),
        ([("unsubscribed", 1), ("subscribed", 0)], "unsubscribed"),
        ([("subscribed", 1), ("unsubscribed", 1)], "unsubscribed"),
    ],
    ids=["in order", "out of order", "at the same instant"],
)
def test_the_newest_consent_wins_whatever_comes_last(
    merchant: Merchant, words: list[tuple[str, int]], kept: str
) -> None:
    for state, hours in words:
        consent.record(merchant=merchant, consent=word(state, AT + hours * HOUR), at=AT + DAY)

    assert Customer.objects.get().consent["email"]["state"] == kept


def test_each_channel_has_a_consent_of_its_own(merchant: Merchant) -> None:
    consent.record(merchant=merchant, consent=word("subscribed", AT), at=AT)
    consent.record(merchant=merchant, consent=word("none", AT - HOUR, "sms"), at=AT)

    assert Customer.objects.get().consent == {
        "email": {"state": "subscribed", "at": "2026-11-20T10:00:00+00:00"},
        "sms": {"state": "none", "at": "2026-11-20T09:00:00+00:00"},
    }


def test_what_there_is_of_a_shopper_is_told_for_the_shop(merchant: Merchant) -> None:
    ann = resolve(merchant, "ann@shopper.example")
    announce_order(merchant, ann)

    told = disclosure.requested(merchant=merchant, person=PersonInput(email="ann@shopper.example"), at=AT)
    unknown = disclosure.requested(merchant=merchant, person=PersonInput(email="bob@shopper.example"), at=AT)

    assert told.note == (
        f"customer {ann.pk}: fetch the data in the admin or at /api/v1/customers/{ann.pk}/data; "
        "hand it to the shop within 30 days"
    )
    assert unknown.note == "no such customer: there is no data"
