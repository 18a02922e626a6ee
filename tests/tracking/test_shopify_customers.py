from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.people import PersonInput
from integrations.sources import Malformed
from tracking.shopify.customers import parse_consent, parse_customer, parse_privacy_request
from tracking.shopify.orders import parse_order

FIXTURES = Path(__file__).parents[1] / "fixtures" / "shopify"
EMAIL_CONSENT = "customers_email_marketing_consent/update"
SMS_CONSENT = "customers_marketing_consent/update"
RECEIVED_AT = datetime(2026, 10, 10, 8, 0, tzinfo=UTC)
PERSONAL = ("email", "contact_email", "phone", "customer", "billing_address", "shipping_address")


def load(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return payload


def buyer(**changes: Any) -> PersonInput:
    return parse_order({**load("order"), **changes}, "orders/updated").person


def test_buyer_is_the_orders_email_with_the_customers_name_and_phone() -> None:
    assert buyer() == PersonInput(
        email="ada@example.com",
        phone="+12125550199",
        first_name="Ada",
        last_name="Lovelace",
        company="Analytical Engines",
        external_id="706405506930370084",
        country="US",
    )


@pytest.mark.parametrize(
    ("email", "contact_email", "expected"),
    [
        ("one@example.com", "two@example.com", "one@example.com"),
        ("", "two@example.com", "two@example.com"),
        (None, None, "Ada@Example.com"),
    ],
)
def test_email_is_the_orders_else_the_contacts_else_the_customers(
    email: str | None, contact_email: str | None, expected: str
) -> None:
    assert buyer(email=email, contact_email=contact_email).email == expected


def test_account_of_another_email_address_is_not_the_buyers() -> None:
    person = buyer(email="other@example.com")

    assert (person.email, person.external_id) == ("other@example.com", "")


@pytest.mark.parametrize("customer", [{"id": 7}, {"id": 7, "email": None}, {"id": 7, "email": ""}])
def test_account_without_an_email_address_is_the_buyers(customer: dict[str, Any]) -> None:
    assert buyer(customer=customer).external_id == "7"


def test_phone_of_an_address_may_be_the_recipients_and_is_not_taken_beside_an_email() -> None:
    assert buyer(phone=None, customer=None).phone == ""


def test_phone_of_an_address_is_taken_where_nothing_else_is_known() -> None:
    person = buyer(email=None, contact_email=None, phone=None, customer=None)

    assert (person.email, person.phone) == ("", "+1 212 555 0188")


def test_orders_own_phone_comes_before_the_customers() -> None:
    assert buyer(phone="+15005550006").phone == "+15005550006"


def test_name_of_a_guest_is_the_billing_addresss() -> None:
    person = buyer(customer=None)

    assert (person.first_name, person.last_name) == ("Ada", "Byron")


def test_name_of_a_guest_without_billing_address_is_the_shipping_addresss() -> None:
    person = buyer(customer=None, billing_address=None)

    assert (person.first_name, person.last_name, person.country) == ("Grace", "Murray", "CA")


def test_halves_of_a_name_are_not_taken_from_two_people() -> None:
    person = buyer(customer={"id": 7, "first_name": None, "last_name": "Lovelace"})

    assert (person.first_name, person.last_name) == ("", "Lovelace")


def test_buyer_is_unknown_where_personal_keys_are_absent() -> None:
    payload = {key: value for key, value in load("order").items() if key not in PERSONAL}

    assert parse_order(payload, "orders/updated").person == PersonInput()


@pytest.mark.parametrize("nothing", [None, "", [], {}, 1.5, True])
def test_buyer_is_unknown_where_personal_fields_hold_nothing_useful(nothing: Any) -> None:
    assert buyer(**dict.fromkeys(PERSONAL, nothing)).email == ""


def test_customer_is_read_with_half_a_name() -> None:
    assert parse_customer(load("customer"), "customers/create") == PersonInput(
        email="ada@example.com",
        last_name="Lovelace",
        company="Lovelace & Co",
        external_id="706405506930370084",
        country="GB",
    )


def test_customer_without_email_is_known_by_the_phone_of_the_address() -> None:
    assert parse_customer({**load("customer"), "email": None}, "customers/create").phone == "+442071234567"


def test_customer_without_id_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"^customers/update: id must be a whole number, got nothing$"):
        parse_customer({"email": "ada@example.com"}, "customers/update")


def test_email_consent_is_read_from_its_own_topic() -> None:
    consent = parse_consent(load("email_consent"), EMAIL_CONSENT, RECEIVED_AT)

    assert consent.person == PersonInput(email="ada@example.com", external_id="706405506930370084")
    assert (consent.channel, consent.state) == ("email", "subscribed")
    assert consent.at == datetime(2026, 10, 1, 13, 31, tzinfo=UTC)


def test_sms_consent_without_a_time_happened_when_it_was_received() -> None:
    consent = parse_consent(load("sms_consent"), SMS_CONSENT, RECEIVED_AT)

    assert consent.person == PersonInput(phone="+12125550199", external_id="706405506930370084")
    assert (consent.channel, consent.state, consent.at) == ("sms", "unsubscribed", RECEIVED_AT)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("subscribed", "subscribed"),
        ("SUBSCRIBED", "subscribed"),
        ("unsubscribed", "unsubscribed"),
        ("pending", "pending"),
        ("not_subscribed", "none"),
        ("invalid", "none"),
        ("redacted", "none"),
        ("no such word", "none"),
        (None, "none"),
    ],
)
def test_word_of_consent_has_its_meaning(word: str | None, state: str) -> None:
    payload = load("email_consent")
    payload["email_marketing_consent"]["state"] = word

    assert parse_consent(payload, EMAIL_CONSENT, RECEIVED_AT).state == state


def test_consent_of_nobody_is_malformed() -> None:
    payload = load("email_consent")
    del payload["customer_id"]

    with pytest.raises(Malformed, match="customer_id must be a whole number"):
        parse_consent(payload, EMAIL_CONSENT, RECEIVED_AT)


def test_privacy_request_names_one_customer() -> None:
    assert parse_privacy_request(load("redact"), "customers/redact") == PersonInput(
        email="ada@example.com", phone="+12125550199", external_id="706405506930370084"
    )


@pytest.mark.parametrize("customer", [None, {}, {"id": None, "email": "", "phone": None}, [], "ada@example.com"])
def test_privacy_request_that_names_nobody_is_malformed(customer: Any) -> None:
    with pytest.raises(Malformed, match=r"^customers/redact: customer must "):
        parse_privacy_request({**load("redact"), "customer": customer}, "customers/redact")
