"""Metrics 18 to 23: what the customers' activity log tells (Kiva Logic's server side)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integrations.catalog import Metric, Property, catalog
from lifecycle import kinds, profile
from lifecycle.log_facts import ActivityLogged, amount_of, identity_of
from lifecycle.pack import SUBSCRIPTION_LIFECYCLE
from lifecycle.services import pairs

PROFILE = (profile.SCHEDULE, profile.STATUS, profile.BOX)
"""As they are when the event is sent, however old the entry is."""

LOG_ENTRY_ID: Property[ActivityLogged] = Property(
    "LogEntryId",
    "string",
    "The log's own id of the entry.",
    lambda f: f.activity.entry_id,
    example="88213",
    is_always_sent=True,
)


def _text(name: str, doc: str, example: str) -> Property[ActivityLogged]:
    return Property(name, "string", doc, lambda f: f.of_text(name), example=example)


def _amount(name: str, doc: str, example: float) -> Property[ActivityLogged]:
    return Property(name, "number", doc, lambda f: f.of_amount(name), example=example)


def _list(name: str, doc: str, example: list[Any]) -> Property[ActivityLogged]:
    return Property(name, "array", doc, lambda f: f.of_list(name), example=example)


def _metric(
    number: int,
    kind: str,
    doc: str,
    properties: Sequence[Property[ActivityLogged]],
    **more: Any,
) -> Metric[ActivityLogged]:
    return Metric(
        number=number,
        key=kinds.METRICS[kind],
        name=kind,
        pack=SUBSCRIPTION_LIFECYCLE,
        fact=ActivityLogged,
        doc=doc,
        applies=lambda f: f.activity.kind == kind,
        unique_id=lambda f: identity_of(f.activity),
        unique_id_example="log:88213",
        identity="log:{log_entry_id}",
        occurred_at=lambda f: f.activity.occurred_at,
        value=lambda f: amount_of(f.activity, f.merchant),
        properties=(LOG_ENTRY_ID, *properties),
        profile=PROFILE,
        **more,
    )


catalog.register(
    _metric(
        18,
        "cancelled",
        "The log has that a customer cancelled the account.",
        (
            Property(
                "Cancellation Date",
                "datetime",
                "When the account was cancelled.",
                lambda f: f.of_text("Cancellation Date") or f.activity.occurred_at.isoformat(),
                example="2026-11-20T12:40:28+00:00",
                is_always_sent=True,
            ),
        ),
        told_elsewhere=pairs.CANCELLING.told_onsite,
    ),
    _metric(
        19,
        "contact.form",
        "The log has that a customer sent a message through the contact form.",
        (_text("Subject", "What the message is about.", "Where is my box?"),),
    ),
    _metric(
        20,
        "failed.payment",
        "The log has that a payment could not be taken automatically.",
        (
            _amount("Amount", "What was to be paid, in major units.", 47.95),
            _text("FailureReason", "Why it failed.", "card_declined"),
        ),
    ),
    _metric(
        21,
        "referral.credit",
        "The log has that a customer got a credit for a referral.",
        (
            _amount("CreditAmount", "The credit, in major units.", 10.0),
            _text("ReferredCustomer", "Who was referred.", "Bo B."),
        ),
    ),
    _metric(
        22,
        "shipping.email",
        "The log has that a customer was mailed what is known of the shipment.",
        (
            _text("OrderNumber", "The order's name.", "#1001"),
            _text("TrackingNumber", "The carrier's number of the parcel.", "1Z999AA10123456784"),
            _text("Carrier", "The carrier.", "UPS"),
        ),
    ),
    _metric(
        23,
        kinds.STARTED_SIGNUP,
        "The log has that somebody completed the first page of the sign-up.",
        (
            _list("ItemNames", "What was chosen.", ["Only Organic Small Box"]),
            _text("CheckoutURL", "Where the sign-up goes on.", "https://shop.example/sign-up"),
            _list(
                "Items",
                "What was chosen, for templates.",
                [{"ProductID": "705", "ProductName": "Only Organic Small Box", "Quantity": 1, "ItemPrice": 47.95}],
            ),
        ),
        told_elsewhere=pairs.CHECKOUT.told_onsite,
    ),
)
