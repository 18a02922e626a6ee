"""Shopify's customers, their marketing consent and the privacy requests, as `PersonInput` and `ConsentInput`.

Since API 2025-01 consent comes in topics of its own only; orders and customers no longer carry it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.people import ConsentInput, PersonInput
from tracking.inputs import AccountInput
from tracking.reading import Record

CONSENT_STATES = {
    "subscribed": "subscribed",
    "unsubscribed": "unsubscribed",
    "pending": "pending",
    "not_subscribed": "none",
    "invalid": "none",
    "redacted": "none",
}
"""Shopify's consent states; a word that is not here is no consent."""


SIGN_UP, ACTIVATION = "sign_up", "activation"
"""How an account was made: by signing up, or by activating that of a customer who was known, as after an invitation."""


MERGED = ("completed", "complete", "success", "successful", "succeeded")

_GID = re.compile(r"gid://shopify/Customer/([0-9]{1,20})\Z")


@dataclass(frozen=True, slots=True)
class MergeInput:
    """The shop's ids of a customer who is given up, and of the one whom they were all along; `is_done`: it came to that."""

    given_up: str
    kept: str
    status: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class _ConsentFields:
    channel: str
    customer_id: str
    address: str
    consent: str


CONSENT_FIELDS = {
    "customers_email_marketing_consent/update": _ConsentFields(
        "email", "customer_id", "email_address", "email_marketing_consent"
    ),
    "customers_marketing_consent/update": _ConsentFields("sms", "id", "phone", "sms_marketing_consent"),
}
"""Where each consent topic keeps its facts: the two do not agree."""


def parse_customer(payload: Any, topic: str) -> PersonInput:
    """Read a message of a topic `customers/create`, `update` or `enable`. Raises `Malformed`."""
    customer = Record(payload, topic)
    address = customer.child("default_address")
    email = customer.text("email")
    first_name, last_name = _names(customer, address)
    return PersonInput(
        email=email,
        phone=customer.text("phone") or ("" if email else address.text("phone")),
        first_name=first_name,
        last_name=last_name,
        company=address.text("company"),
        external_id=customer.identifier("id"),
        country=address.country("country_code"),
    )


def parse_account(payload: Any, topic: str, received_at: datetime) -> AccountInput | None:
    """The account that a message of `customers/create` or `customers/enable` tells of, if any. Raises `Malformed`.

    `customers/enable` is sent when the shopper activates it; the customer may have been known for years by then, so that the
    account is as old as the change (`updated_at`). Its `state` is not asked: it says "disabled" even there. A customer who
    is enabled from the start has had the account since `created_at`. `customers/update` would tell of accounts of any age.
    """
    customer = Record(payload, topic)
    if topic == "customers/enable":
        created_at, method = customer.instant("updated_at") or received_at, ACTIVATION
    elif customer.text("state").lower() == "enabled":
        created_at, method = customer.instant("created_at") or received_at, SIGN_UP
    else:
        return None
    return AccountInput(parse_customer(payload, topic), created_at, source="shopify", method=method)


def parse_consent(payload: Any, topic: str, received_at: datetime) -> ConsentInput:
    """Read a message of a topic in `CONSENT_FIELDS`. Raises `Malformed`.

    A change without a time happened when it was received.
    """
    fields = CONSENT_FIELDS[topic]
    message = Record(payload, topic)
    consent = message.required_child(fields.consent)
    address = message.text(fields.address)
    person = PersonInput(
        email=address if fields.channel == "email" else "",
        phone=address if fields.channel == "sms" else "",
        external_id=message.identifier(fields.customer_id),
    )
    return ConsentInput(
        person=person,
        channel=fields.channel,
        state=CONSENT_STATES.get(consent.text("state").lower(), "none"),
        at=consent.instant("consent_updated_at") or received_at,
    )


def parse_merge(payload: Any, topic: str) -> MergeInput:
    """Read a message of the topic `customers/merge`. Raises `Malformed`.

    Only a success merges. What Shopify calls one is nowhere written down: the words of its jobs are taken, and no others.
    """
    message = Record(payload, topic)
    status = message.required_text("status").lower()
    return MergeInput(
        given_up=_gid(message, "admin_graphql_api_customer_deleted_id"),
        kept=_gid(message, "admin_graphql_api_customer_kept_id"),
        status=status,
        is_done=status in MERGED and not list(message.children("errors")),
    )


def parse_privacy_request(payload: Any, topic: str) -> PersonInput:
    """Whom a message of `customers/redact` or `customers/data_request` is about.

    Raises `Malformed` where nobody is named: such a request must never be carried out on anyone else.
    """
    message = Record(payload, topic)
    customer = message.required_child("customer")
    person = PersonInput(
        email=customer.text("email"),
        phone=customer.text("phone"),
        external_id=customer.optional_identifier("id"),
    )
    if not (person.has_identity or person.external_id):
        raise message.complaint("customer", "must have an id, an email or a phone")
    return person


def buyer(order: Record) -> PersonInput:
    """The shopper of an order. Any of it may be missing: guests, unapproved fields, sales in a shop.

    The customer's id is kept only if the order's e-mail address is the customer's own: somebody may order with an
    account of another address. A phone in an address may be the recipient's: it is taken only where nothing else is.
    """
    customer = order.child("customer")
    account = customer.child("default_address")
    billing, shipping = order.child("billing_address"), order.child("shipping_address")
    given_email = order.text("email") or order.text("contact_email")
    account_email = customer.text("email")
    email = given_email or account_email
    phone = order.text("phone") or customer.text("phone")
    if not (phone or email):
        phone = billing.text("phone") or account.text("phone") or shipping.text("phone")
    first_name, last_name = _names(customer, billing, shipping)
    is_own = not given_email or not account_email or given_email.casefold() == account_email.casefold()
    return PersonInput(
        email=email,
        phone=phone,
        first_name=first_name,
        last_name=last_name,
        company=billing.text("company") or shipping.text("company") or account.text("company"),
        external_id=customer.optional_identifier("id") if is_own else "",
        country=next(filter(None, (each.country("country_code") for each in (billing, shipping, account))), ""),
    )


def _gid(message: Record, name: str) -> str:
    found = _GID.match(message.required_text(name))
    if found is None:
        raise message.complaint(name, "must be like gid://shopify/Customer/123")
    return found[1]


def _names(*records: Record) -> tuple[str, str]:
    """First and last name from the first record that has either; never one from here and the other from there."""
    for record in records:
        names = record.text("first_name"), record.text("last_name")
        if any(names):
            return names
    return "", ""
